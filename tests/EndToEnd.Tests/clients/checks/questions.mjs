// What the built-in model knows at temperature 0.
export const question = "What is the capital of Japan?";
export const answer = /Tokyo/;
export const weather = "What is the weather in Oslo?";
export const citySchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
export const numberSchema = { type: "object", properties: { a: { type: "integer", minimum: 3, maximum: 9 } }, required: ["a"], additionalProperties: false };

export async function collect(stream) {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
}

export async function failure(run) {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("It should have failed.");
}
