"""SQL of mail out: what a send reads and writes, what a transmission's call reads and writes, the recipients' states."""
