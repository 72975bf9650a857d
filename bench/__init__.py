"""What AgentPost costs and how fast it is, beside others on the same machine in the same run: `python -m bench`."""
