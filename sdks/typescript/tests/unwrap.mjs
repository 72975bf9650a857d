// Reads cases from stdin, as JSON: [{body, headers, secret, options}]; answers what each came to.
import { readFileSync } from "node:fs";
import { unwrap } from "../dist/webhooks.js";

const outcomes = [];
for (const { body, headers, secret, options } of JSON.parse(readFileSync(0, "utf8")))
  outcomes.push(await unwrap(body, headers, secret, options).then((event) => event.id, (failure) => failure.message));
console.log(JSON.stringify(outcomes));
