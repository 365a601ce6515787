"""Read models of whole screens, across contexts: queries only, nothing here writes."""
