import {
  AssistantRuntimeProvider, type ChatModelAdapter, ComposerPrimitive, ErrorPrimitive, MessagePrimitive, ThreadPrimitive, useAuiState, useLocalRuntime,
} from "@assistant-ui/react";
import { MarkdownTextPrimitive } from "@assistant-ui/react-markdown";
import { createRoot } from "react-dom/client";
import { confidences } from "finece";
import { ConfidenceLog, type PositionConfidence } from "finece/badge";
import { rehypeMarks } from "finece/markdown";
import { Confidences } from "finece/react";

/** Asks finece serve, and puts the confidences into the metadata of the message. */
const model: ChatModelAdapter = {
  async *run({ messages, abortSignal }) {
    const response = await fetch("/v1/chat/completions", {
      method: "POST", signal: abortSignal,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "generator", stream: true,
        messages: messages.map(({ role, content }) => ({
          role, content: content.map((part) => (part.type === "text" ? part.text : "")).join(""),
        })),
      }),
    });
    const log = new ConfidenceLog();
    let text = "";
    for await (const event of confidences(response)) {
      if (event.type === "text" && event.segment === "answer") text += event.text;
      log.apply(event);
      yield { content: [{ type: "text", text }], metadata: { custom: { positions: log.positions() } } };
    }
  },
};

const rehypePlugins = [rehypeMarks];
const Text = () => <MarkdownTextPrimitive rehypePlugins={rehypePlugins} smooth={false} />;

function AssistantMessage() {
  const text = useAuiState(({ message }) => message.content.map((part) => (part.type === "text" ? part.text : "")).join(""));
  const positions = useAuiState(({ message }) => message.metadata.custom["positions"] as PositionConfidence[] | undefined);
  const done = useAuiState(({ message }) => message.status?.type !== "running");
  return (
    <MessagePrimitive.Root>
      <Confidences text={text} positions={positions ?? []} done={done}>
        <MessagePrimitive.Parts components={{ Text }} />
      </Confidences>
      <MessagePrimitive.Error>
        <ErrorPrimitive.Root role="alert"><ErrorPrimitive.Message /></ErrorPrimitive.Root>
      </MessagePrimitive.Error>
    </MessagePrimitive.Root>
  );
}

const UserMessage = () => <MessagePrimitive.Root><MessagePrimitive.Parts /></MessagePrimitive.Root>;

function App() {
  return (
    <AssistantRuntimeProvider runtime={useLocalRuntime(model)}>
      <ThreadPrimitive.Root>
        <ThreadPrimitive.Viewport>
          <ThreadPrimitive.Messages>
            {({ message }) => (message.role === "assistant" ? <AssistantMessage /> : <UserMessage />)}
          </ThreadPrimitive.Messages>
        </ThreadPrimitive.Viewport>
        <ComposerPrimitive.Root>
          <ComposerPrimitive.Input aria-label="Question" placeholder="A problem of a few steps of arithmetic" />
          <ComposerPrimitive.Send>Ask</ComposerPrimitive.Send>
        </ComposerPrimitive.Root>
      </ThreadPrimitive.Root>
    </AssistantRuntimeProvider>
  );
}

createRoot(document.getElementById("app") ?? document.body).render(<App />);
