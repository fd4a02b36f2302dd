import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";
import { answer, citySchema, failure, question, weather } from "./questions.mjs";

export function operations({ baseUrl, apiKey, model, assert }) {
  setTracingDisabled(true);
  const client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 });
  const runner = (useResponses) => new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client, useResponses }) });
  const agent = (more = {}) => new Agent({ name: "tester", model, modelSettings: { temperature: 0 }, ...more });
  let asked = "";
  const getWeather = tool({
    name: "get_weather", description: "weather", parameters: citySchema, strict: true,
    execute: async ({ city }) => { asked = city; return "sunny"; },
  });
  const withTool = () => agent({ tools: [getWeather], modelSettings: { temperature: 0, toolChoice: "required" }, toolUseBehavior: "stop_on_first_tool" });
  return {
    run: async () => assert.match((await runner(true).run(agent(), question)).finalOutput, answer),
    run_stream: async () => {
      const result = await runner(true).run(agent(), question, { stream: true });
      for await (const _ of result);
      await result.completed;
      assert.match(result.finalOutput, answer);
    },
    run_tool: async () => {
      assert.equal((await runner(true).run(withTool(), weather)).finalOutput, "sunny");
      assert.equal(asked, "Oslo");
    },
    run_chat: async () => assert.match((await runner(false).run(agent(), question)).finalOutput, answer),
    wrong_model: async () => assert.equal((await failure(() => runner(true).run(agent({ model: "nobody" }), question))).status, 404),
  };
}
