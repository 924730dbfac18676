"use client";
import { useChat } from "@ai-sdk/react";
import remend from "remend";
import { useState } from "react";
import { Block, defaultRehypePlugins, parseMarkdownIntoBlocks } from "streamdown";
import { confidencesOf } from "finece/ai-sdk";
import { Confidences } from "finece/react";
import { useStreamdownMarks } from "finece/streamdown";
import { Message, MessageContent, MessageResponse } from "../components/ai-elements/message.jsx";

const streamdown = { Block, defaultRehypePlugins, parseMarkdownIntoBlocks, remend };

function Answer({ message, done }) {
  const marks = useStreamdownMarks(streamdown);
  const text = message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  return (
    <Confidences text={text} positions={confidencesOf(message)} done={done}>
      <MessageResponse {...marks}>{text}</MessageResponse>
    </Confidences>
  );
}

export default function Page() {
  const { messages, sendMessage, status, error } = useChat();
  const done = status === "ready" || status === "error";
  const [input, setInput] = useState("A baker sells 4 loaves on Monday and 3 on Tuesday. How many loaves does he sell in all?");
  const submit = (event) => {
    event.preventDefault();
    sendMessage({ text: input });
  };
  return (
    <main>
      {messages.map((message, i) => (
        <Message from={message.role} key={message.id}>
          <MessageContent>
            {message.role === "assistant"
              ? <Answer message={message} done={done || i < messages.length - 1} />
              : message.parts.map((part) => (part.type === "text" ? part.text : ""))}
          </MessageContent>
        </Message>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form onSubmit={submit}>
        <input aria-label="Question" size={60} value={input} onChange={(event) => { setInput(event.target.value); }} />
        <button>Ask</button>
      </form>
    </main>
  );
}
