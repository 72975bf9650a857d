"""SQL of mail out: what a send reads and writes, what a provider call does, how recipients move."""
