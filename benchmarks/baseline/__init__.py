"""The yardstick: the same network trained as a reader would write it today; nothing of this project is used."""
