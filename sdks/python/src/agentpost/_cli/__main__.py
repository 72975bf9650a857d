from agentpost._cli import main

main()
