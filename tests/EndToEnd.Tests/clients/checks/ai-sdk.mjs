import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateObject, generateText, jsonSchema, streamText, tool } from "ai";
import { answer, citySchema, failure, numberSchema, question, weather } from "./questions.mjs";

export function operations({ baseUrl, apiKey, model, assert }) {
  const openai = createOpenAI({ baseURL: baseUrl, apiKey });
  const compatible = createOpenAICompatible({ name: "darkbloom", baseURL: baseUrl, apiKey, supportsStructuredOutputs: true });
  const models = { responses: openai(model), chat: openai.chat(model), compatible: compatible(model) };
  const tools = { get_weather: tool({ description: "weather", inputSchema: jsonSchema(citySchema) }) };
  const all = {};
  for (const [name, used] of Object.entries(models)) {
    const ask = (more = {}) => ({ model: used, temperature: 0, maxRetries: 0, prompt: question, ...more });
    all[`${name}_text`] = async () => assert.match((await generateText(ask())).text, answer);
    all[`${name}_stream`] = async () => {
      let text = "";
      for await (const piece of streamText(ask()).textStream) text += piece;
      assert.match(text, answer);
    };
    all[`${name}_tool`] = async () =>
      assert.equal((await generateText(ask({ prompt: weather, tools, toolChoice: "required" }))).toolCalls[0].input.city, "Oslo");
    all[`${name}_tool_stream`] = async () =>
      assert.equal((await streamText(ask({ prompt: weather, tools, toolChoice: "required" })).toolCalls)[0].input.city, "Oslo");
    all[`${name}_object`] = async () => assert.ok((await generateObject(ask({ schema: jsonSchema(numberSchema) }))).object.a >= 3);
  }
  all.embedding = async () => assert.ok((await embed({ model: openai.embedding(model), value: "a" })).embedding.length > 0);
  all.wrong_model = async () =>
    assert.equal((await failure(() => generateText({ model: openai("nobody"), prompt: question, maxRetries: 0 }))).statusCode, 404);
  return all;
}
