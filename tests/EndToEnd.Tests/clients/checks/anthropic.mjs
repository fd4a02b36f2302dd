import Anthropic from "@anthropic-ai/sdk";
import { answer, citySchema, collect, failure, question, weather } from "./questions.mjs";

export function operations({ root, apiKey, model, assert }) {
  const anthropic = new Anthropic({ baseURL: root, apiKey, maxRetries: 0 });
  const tools = [{ name: "get_weather", description: "weather", input_schema: citySchema }];
  const ask = (more = {}) => ({ model, max_tokens: 64, temperature: 0, messages: [{ role: "user", content: question }], ...more });
  return {
    message: async () => {
      const done = await anthropic.messages.create(ask());
      assert.match(done.content[0].text, answer);
      assert.equal(done.stop_reason, "end_turn");
      assert.ok(done.usage.output_tokens > 0);
    },
    message_stream: async () => {
      const events = await collect(await anthropic.messages.create(ask({ stream: true })));
      assert.equal(events[0].type, "message_start");
      assert.equal(events.at(-1).type, "message_stop");
      assert.match(events.filter((e) => e.type === "content_block_delta").map((e) => e.delta.text).join(""), answer);
    },
    message_stream_accumulated: async () => assert.match(await anthropic.messages.stream(ask()).finalText(), answer),
    message_cut: async () => assert.equal((await anthropic.messages.create(ask({ max_tokens: 2 }))).stop_reason, "max_tokens"),
    message_tool: async () => {
      const messages = [{ role: "user", content: weather }];
      const done = await anthropic.messages.create(ask({ tools, tool_choice: { type: "any" }, messages }));
      const call = done.content.find((block) => block.type === "tool_use");
      assert.equal(call.input.city, "Oslo");
      assert.equal(done.stop_reason, "tool_use");
      messages.push({ role: "assistant", content: done.content }, { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "sunny" }] });
      assert.ok((await anthropic.messages.create(ask({ tools, tool_choice: { type: "none" }, messages }))).id);
    },
    message_tool_stream: async () => {
      const done = await anthropic.messages.stream(ask({ tools, tool_choice: { type: "any" }, messages: [{ role: "user", content: weather }] })).finalMessage();
      assert.equal(done.content.find((block) => block.type === "tool_use").input.city, "Oslo");
    },
    count_tokens: async () => assert.ok((await anthropic.messages.countTokens({ model, messages: ask().messages })).input_tokens > 3),
    models: async () => assert.ok((await collect(anthropic.models.list())).some((one) => one.id === model)),
    wrong_key: async () => assert.equal((await failure(() => new Anthropic({ baseURL: root, apiKey: "wrong", maxRetries: 0 }).messages.create(ask()))).status, 401),
    wrong_model: async () => assert.ok((await failure(() => anthropic.messages.create(ask({ model: "nobody" })))) instanceof Anthropic.NotFoundError),
    wrong_field: async () => assert.match((await failure(() => anthropic.messages.create(ask({ temperature: 2 })))).message, /temperature/),
    too_long: async () => assert.equal((await failure(() => anthropic.messages.create(ask({ messages: [{ role: "user", content: "story ".repeat(5000) }] })))).status, 400),
  };
}
