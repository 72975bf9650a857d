"""Pure foundations: ids, times, errors. No I/O, no framework."""
