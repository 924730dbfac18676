import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { convertToModelMessages, createUIMessageStream, createUIMessageStreamResponse, streamText, wrapLanguageModel } from "ai";
import { confidenceMiddleware, confidenceParts } from "finece/ai-sdk";

const server = createOpenAICompatible({ name: "finece", baseURL: `${process.env.FINECE ?? "http://127.0.0.1:8080"}/v1` });

export async function POST(request) {
  const { messages } = await request.json();
  const stream = createUIMessageStream({
    async execute({ writer }) {
      const middleware = confidenceMiddleware({ onEvent: confidenceParts(writer) });
      const result = streamText({
        model: wrapLanguageModel({ model: server("generator"), middleware }),
        messages: await convertToModelMessages(messages),
      });
      writer.merge(result.toUIMessageStream());
    },
  });
  return createUIMessageStreamResponse({ stream });
}
