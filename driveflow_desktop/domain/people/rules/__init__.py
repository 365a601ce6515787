"""Pure rules about people: phones, names, identifiers, places, licences and logbooks."""
