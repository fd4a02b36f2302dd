// Runs operations of one official client against a gateway, each of which checks its own answer, and prints a line of JSON for each.
// usage: node checks.mjs CLIENT BASE_URL API_KEY MODEL
import assert from "node:assert/strict";

const [client, baseUrl, apiKey, model] = process.argv.slice(2);
const { operations } = await import(`./checks/${client}.mjs`);

for (const [operation, run] of Object.entries(operations({ baseUrl, root: baseUrl.replace(/\/v1$/, ""), apiKey, model, assert }))) {
  let failure = null;
  try {
    await run();
  } catch (error) {
    failure = `${error?.name}: ${error?.message}`;
  }
  console.log(JSON.stringify({ client, operation, failure }));
}
