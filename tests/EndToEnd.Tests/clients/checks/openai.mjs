import OpenAI from "openai";
import { answer, citySchema, collect, failure, numberSchema, question, weather } from "./questions.mjs";

export function operations({ baseUrl, apiKey, model, assert }) {
  const openai = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 });
  const tools = [{ type: "function", name: "get_weather", description: "weather", parameters: citySchema, strict: true }];
  const ask = (more = {}) => ({ model, input: question, temperature: 0, ...more });
  return {
    response: async () => {
      const done = await openai.responses.create(ask());
      assert.match(done.output_text, answer);
      assert.equal(done.status, "completed");
      assert.equal(done.usage.total_tokens, done.usage.input_tokens + done.usage.output_tokens);
    },
    response_stream: async () => {
      const events = await collect(await openai.responses.create(ask({ stream: true })));
      assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i));
      assert.match(events.filter((e) => e.type === "response.output_text.delta").map((e) => e.delta).join(""), answer);
      assert.equal(events.at(-1).type, "response.completed");
    },
    response_stream_accumulated: async () => assert.match((await openai.responses.stream(ask()).finalResponse()).output_text, answer),
    response_tool: async () => {
      const done = await openai.responses.create(ask({ input: weather, tools, tool_choice: "required" }));
      const call = done.output.find((item) => item.type === "function_call");
      assert.equal(JSON.parse(call.arguments).city, "Oslo");
      const next = await openai.responses.create(ask({ previous_response_id: done.id, tools, tool_choice: "none", input: [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }] }));
      assert.equal(next.previous_response_id, done.id);
    },
    response_tool_stream: async () => {
      const events = await collect(await openai.responses.create(ask({ input: weather, tools, tool_choice: "required", stream: true })));
      const done = events.find((e) => e.type === "response.function_call_arguments.done");
      assert.equal(done.arguments, events.filter((e) => e.type === "response.function_call_arguments.delta").map((e) => e.delta).join(""));
    },
    response_schema: async () => {
      const done = await openai.responses.create(ask({ text: { format: { type: "json_schema", name: "n", strict: true, schema: numberSchema } } }));
      assert.ok(JSON.parse(done.output_text).a >= 3);
    },
    response_retrieved_and_deleted: async () => {
      const done = await openai.responses.create(ask({ metadata: { a: "b" } }));
      assert.deepEqual((await openai.responses.retrieve(done.id)).metadata, { a: "b" });
      assert.equal((await collect(openai.responses.inputItems.list(done.id))).length, 1);
      await openai.responses.delete(done.id);
      assert.equal((await failure(() => openai.responses.retrieve(done.id))).status, 404);
    },
    response_background: async () => {
      let done = await openai.responses.create(ask({ background: true }));
      while (["queued", "in_progress"].includes(done.status)) done = await openai.responses.retrieve(done.id);
      assert.match(done.output_text, answer);
      assert.equal((await openai.responses.cancel(done.id)).status, "completed");
    },
    response_input_tokens: async () => assert.ok((await openai.responses.inputTokens.count({ model, input: question })).input_tokens > 3),
    response_wrong_key: async () =>
      assert.equal((await failure(() => new OpenAI({ baseURL: baseUrl, apiKey: "wrong", maxRetries: 0 }).responses.create(ask()))).status, 401),
    response_wrong_model: async () => assert.equal((await failure(() => openai.responses.create(ask({ model: "nobody" })))).code, "model_not_found"),
    response_wrong_field: async () => assert.equal((await failure(() => openai.responses.create(ask({ tools: [{ type: "web_search" }] })))).param, "tools[0].type"),
    response_too_long: async () => assert.equal((await failure(() => openai.responses.create(ask({ input: "story ".repeat(5000) })))).code, "context_length_exceeded"),
  };
}
