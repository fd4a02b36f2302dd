// Runs one operation of the official OpenAI client and prints what came of it as one line of JSON.
// usage: node openai-client.mjs BASE_URL API_KEY OPERATION [ARGUMENTS_AS_JSON]
import { createReadStream } from "node:fs";
import OpenAI from "openai";

const [baseURL, apiKey, operation, json = "{}"] = process.argv.slice(2);
const input = JSON.parse(json);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 60_000 });
const ask = (content, more = {}) => ({
  model: input.model ?? "darkbloom-tiny",
  messages: [{ role: "user", content }],
  temperature: 0,
  ...more,
});

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return {
    text: chunks.map((c) => c.choices[0]?.delta?.content ?? "").join(""),
    deltas: chunks.filter((c) => c.choices[0]?.delta?.content).length,
    finish: chunks.map((c) => c.choices[0]?.finish_reason).filter(Boolean),
    usage: chunks.map((c) => c.usage).filter(Boolean),
    ids: [...new Set(chunks.map((c) => c.id))].length,
  };
}

const operations = {
  models: async () => (await client.models.list()).data.map((m) => m.id),
  model: async () => await client.models.retrieve(input.model),
  chat: async () => {
    const done = await client.chat.completions.create(ask(input.content, input.parameters));
    return { text: done.choices.map((c) => c.message.content), finish: done.choices.map((c) => c.finish_reason), usage: done.usage, tools: done.choices[0].message.tool_calls ?? null };
  },
  stream: async () => collect(await client.chat.completions.create(ask(input.content, { ...input.parameters, stream: true }))),
  // Every question of `contents` at once; answers in the same order.
  concurrent: async () => Promise.all(input.contents.map(async (content) =>
    collect(await client.chat.completions.create(ask(content, { ...input.parameters, stream: true }))))),
  // The fields of `parameters` and nothing else; answers as they came.
  raw_chat: async () => await client.chat.completions.create({ model: "darkbloom-tiny", temperature: 0, ...input.parameters }),
  raw_stream: async () => {
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({ model: "darkbloom-tiny", temperature: 0, ...input.parameters, stream: true })) chunks.push(chunk);
    return chunks;
  },
  completion: async () => await client.completions.create({ model: "darkbloom-tiny", temperature: 0, ...input.parameters }),
  completion_stream: async () => {
    const chunks = [];
    for await (const chunk of await client.completions.create({ model: "darkbloom-tiny", temperature: 0, ...input.parameters, stream: true })) chunks.push(chunk);
    return chunks;
  },
  embeddings: async () => await client.embeddings.create({ model: "darkbloom-tiny", ...input.parameters }),
  rerank: async () => await client.post("/rerank", { body: { model: "darkbloom-tiny", ...input.parameters } }),
  tokenize: async () => await client.post("/tokenize", { body: input.parameters }),
  detokenize: async () => await client.post("/detokenize", { body: input.parameters }),
  transcribe: async () => await client.audio.transcriptions.create({ file: createReadStream(input.file), model: "darkbloom-words", ...input.parameters }),
  transcribe_stream: async () => {
    const events = [];
    for await (const event of await client.audio.transcriptions.create({ file: createReadStream(input.file), model: "darkbloom-words", ...input.parameters, stream: true })) events.push(event);
    return events;
  },
  translate: async () => await client.audio.translations.create({ file: createReadStream(input.file), model: "darkbloom-words", ...input.parameters }),
  // Leaves after the first piece of text.
  abort: async () => {
    const stream = await client.chat.completions.create(ask(input.content, { ...input.parameters, stream: true }));
    let pieces = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content && ++pieces === 1) stream.controller.abort();
    }
    return { pieces };
  },
};

try {
  const result = await operations[operation]();
  console.log(JSON.stringify({ result }));
} catch (error) {
  console.log(JSON.stringify({ error: { name: error.constructor.name, status: error.status ?? null, code: error.code ?? null, param: error.param ?? null, type: error.type ?? null, message: error.message } }));
}
