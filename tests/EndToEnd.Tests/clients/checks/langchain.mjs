import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { answer, citySchema, collect, failure, numberSchema, question, weather } from "./questions.mjs";

export function operations({ baseUrl, apiKey, model, assert }) {
  const chat = (more = {}) => new ChatOpenAI({ model, apiKey, temperature: 0, maxRetries: 0, configuration: { baseURL: baseUrl }, ...more });
  const tools = [{ type: "function", function: { name: "get_weather", description: "weather", parameters: citySchema } }];
  return {
    invoke: async () => assert.match((await chat().invoke(question)).text, answer),
    stream: async () => assert.match((await collect(await chat().stream(question))).map((chunk) => chunk.text).join(""), answer),
    tool: async () => assert.equal((await chat().bindTools(tools, { tool_choice: "required" }).invoke(weather)).tool_calls[0].args.city, "Oslo"),
    object: async () => assert.ok((await chat().withStructuredOutput(numberSchema, { name: "n", method: "jsonSchema" }).invoke(question)).a >= 3),
    responses: async () => assert.match((await chat({ useResponsesApi: true }).invoke(question)).text, answer),
    responses_stream: async () =>
      assert.match((await collect(await chat({ useResponsesApi: true }).stream(question))).map((chunk) => chunk.text).join(""), answer),
    embeddings: async () => {
      const embeddings = new OpenAIEmbeddings({ model, apiKey, configuration: { baseURL: baseUrl } });
      assert.equal((await embeddings.embedDocuments(["a", "b"])).length, 2);
    },
    wrong_model: async () => assert.equal((await failure(() => chat({ model: "nobody" }).invoke(question))).status, 404),
  };
}
