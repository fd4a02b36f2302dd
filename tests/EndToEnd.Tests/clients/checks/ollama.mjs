import { Ollama } from "ollama";
import { answer, citySchema, collect, failure, numberSchema, question, weather } from "./questions.mjs";

export function operations({ root, apiKey, model, assert }) {
  const ollama = new Ollama({ host: root, headers: { Authorization: `Bearer ${apiKey}` } });
  const options = { temperature: 0, repeat_penalty: 1 };
  const tools = [{ type: "function", function: { name: "get_weather", description: "weather", parameters: citySchema } }];
  const ask = (more = {}) => ({ model, options, messages: [{ role: "user", content: question }], ...more });
  return {
    chat: async () => {
      const done = await ollama.chat(ask());
      assert.match(done.message.content, answer);
      assert.ok(done.done && done.eval_count > 0 && done.total_duration > 0);
    },
    chat_stream: async () => {
      const parts = await collect(await ollama.chat(ask({ stream: true })));
      assert.match(parts.map((p) => p.message.content).join(""), answer);
      assert.equal(parts.at(-1).done_reason, "stop");
    },
    chat_tool: async () => {
      const done = await ollama.chat(ask({ tools, messages: [{ role: "user", content: weather }] }));
      assert.equal(done.message.tool_calls[0].function.arguments.city, "Oslo");
    },
    chat_schema: async () => assert.ok(JSON.parse((await ollama.chat(ask({ format: numberSchema }))).message.content).a >= 3),
    generate: async () => assert.match((await ollama.generate({ model, options, prompt: question })).response, answer),
    generate_stream: async () =>
      assert.match((await collect(await ollama.generate({ model, options, prompt: question, stream: true }))).map((p) => p.response).join(""), answer),
    embed: async () => assert.equal((await ollama.embed({ model, input: ["a", "b"] })).embeddings.length, 2),
    embeddings: async () => assert.ok((await ollama.embeddings({ model, prompt: "a" })).embedding.length > 0),
    list: async () => assert.ok((await ollama.list()).models.some((one) => one.name === model)),
    show: async () => assert.ok((await ollama.show({ model })).capabilities.includes("completion")),
    ps: async () => assert.ok((await ollama.ps()).models.length > 0),
    version: async () => assert.match((await ollama.version()).version, /^\d+\.\d+/),
    wrong_key: async () => assert.equal((await failure(() => new Ollama({ host: root }).chat(ask()))).status_code, 401),
    wrong_model: async () => assert.equal((await failure(() => ollama.chat(ask({ model: "nobody" })))).status_code, 404),
    wrong_field: async () => assert.match((await failure(() => ollama.chat(ask({ options: { temperature: "x" } })))).message, /temperature/),
  };
}
