"""What this PC could not bring home: both versions, and the ways out."""
