"""The wall between making and reading: columns, verified reading, atomic writing."""
