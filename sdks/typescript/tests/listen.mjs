// Prints what the stream tells, an address a line, until it is killed.
import { AgentPost } from "../dist/index.js";

const options = process.argv[2] === "sse" ? { WebSocket: undefined } : {};
const client = new AgentPost(options);
for await (const event of client.events.stream({ types: ["inbox.created"] })) console.log(event.data.email);
