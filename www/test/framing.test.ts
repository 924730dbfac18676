import assert from "node:assert/strict";
import { test } from "node:test";
import type { Format } from "finece";
import { Framer } from "../dist/framing.js";
import { cut } from "./support.js";

type Heard = ["value" | "comment" | "text", string];

/** What a framer says of chunks, and of the stream's end unless it is `open`. Text that follows text is joined to it. */
function heard(chunks: Iterable<Uint8Array | string>, { format, wanted, open = false }: { format?: Format; wanted?: string[]; open?: boolean } = {}): Heard[] {
  const all: Heard[] = [];
  const handler = {
    value: (json: string) => { all.push(["value", json]); },
    comment: (text: string) => { all.push(["comment", text]); },
    text: (text: string) => {
      const last = all.at(-1);
      if (last?.[0] === "text") {
        last[1] += text;
      } else {
        all.push(["text", text]);
      }
    },
  };
  const framer = new Framer(format, wanted);
  for (const chunk of chunks) {
    framer.take(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk, handler);
  }
  if (!open) {
    framer.end(handler);
  }
  return all;
}

const value = (...jsons: string[]): Heard[] => jsons.map((json) => ["value", json]);
const comment = (text: string): Heard => ["comment", text];
const text = (said: string): Heard[] => [["text", said]];

// All text, from the first byte.
for (const input of [
  "Hello", " \n\tHello", "x\0", "{x}", "{x{}", "{ 1}", "[1]", "[x", "[\n", "{ \r\n", "[", "[DON", "[DONX]", "x{}", "x[{}]", "x[DONE]",
  "<b>Hi</b>", "<b><html>", "<!doct", "<!doctor", "<HTM", "<?xm", "<", "x<html>", "x <!doctype html>",
  "data", "dat", "event", "err", "id", "retr", "data: hello", "data: hello\n\n", "data:hello", "data: x{}", "error: no", "error: no\ndata: {}\n\n", "event: x", "id: 5", "retry: 9",
  "id: 1\ndata: hi\n\n", "retry: 5\ndata: hi\n\n", ": hi\ndata: hi\n\n", ": hello\nday", "Dear data: {}", "data {}", "x:\ndata: {}\n\n", "event: x\ny",
]) {
  test(`a framer takes for text ${JSON.stringify(input)}`, () => {
    for (const chunks of [[input], cut(new TextEncoder().encode(input), 1)]) {
      assert.deepEqual(heard(chunks), text(input));
    }
  });
}

const STREAMS: Readonly<Record<string, readonly [input: string, want: Heard[], format?: Format]>> = {
  "a document": ["<!DOCTYPE html><p>404</p>", []],
  "a page without its type": [" \n<HTML>data: {}\n\n</html>", []],
  "XML": ["<?xml version='1.0'?>{}", []],
  "a binary stream, which only the core reads": ["\0\0\0{}", value("")],
  "the end alone": ["[DONE]", []],
  "an object": ['{"a":1}', value('{"a":1}')],
  "an empty object": [" {} ", value("{}")],
  "an object over many lines": ['{\n\t"a": 1\r\n}', value('{\n\t"a": 1\r\n}')],
  "objects on lines": ['{"a":1}\n{"b":2}\n', value('{"a":1}', '{"b":2}')],
  "an array of objects": ['[ {"a":[1,[2]]},\n{"b":{"c":[{}]}}]', value('{"a":[1,[2]]}', '{"b":{"c":[{}]}}')],
  "an empty array": ["[]", []],
  "brackets and escapes in strings": ['{"a}":"]}{[","b":"\\"}","c":"\\\\"}{"d":"\\\\\\"}"}', value('{"a}":"]}{[","b":"\\"}","c":"\\\\"}', '{"d":"\\\\\\"}"}')],
  "strings and brackets between objects": ['{"a":1}}],"x",]{"b":2}', value('{"a":1}', '{"b":2}')],
  "an object that breaks off in a string": ['{"a":"x\n{"b":"]"}\n', value('{"b":"]"}')],
  "half a string between objects": ['{"a":1}\n"{"b":2}', value('{"a":1}', '{"b":2}')],
  "an object that breaks off": ['{"a":1}{"b":[', value('{"a":1}')],
  "an event": ["data: {}\n\n", value("{}")],
  "an event without a space": ["data:{}\n\n", value("{}")],
  "an event after a space": [" data: {}\n\n", value("{}")],
  "an event after lines without text": ["\r\n \ndata: []\n\n", value("[]")],
  "an event of text with a type": ["event: x\ndata: hi\n\n", value("hi")],
  "an event of text after an empty one": ["data:\n\ndata: hi\n\n", value("", "hi")],
  "an event without text": ["data:", value("")],
  "an event without its end": ["data: {}\n\ndata: [1]", value("{}", "[1]")],
  "an event that ends in half a line end": ["data: {}\r", value("{}")],
  "an event of many lines": ["data: {\ndata:  1\ndata\ndata:}\n\n", value("{\n 1\n\n}")],
  "other fields": ["id: 1\nretry: 5\n\nerror: {}\ndata: {}\nevent: x\ndatabase: 1\ndata 1\nid: data: 1\n\nx data: 1\n\n", value("{}")],
  "line ends of all kinds": ["data: {\r\ndata: }\r\n\r\ndata: 1\r\rdata: 2\n\ndata: 3\r\n\n", value("{\n}", "1", "2", "3")],
  "comments": [": hi\n:there\ndata: {}\n:\n: last", [comment(" hi"), comment("there"), comment(""), comment(" last"), ...value("{}")]],
  "a comment alone": [": hi", [comment(" hi")]],
  "a comment and half a field": [": hi\nda", [comment(" hi")]],
  "a comment and a field": [": hi\nid: 5", [comment(" hi")]],
  "an error": ['error: {"a":1}\n\n', []],
  "output": ["event: output\ndata: Hi\n\nevent:output\ndata: {x\ndata: y}\n\ndata: {}\n\nevent:output\ndata: !\n\n", [...text("Hi"), ...value("{x\ny}", "{}"), ...text("!")]],
  "output in lines": ["event: output\ndata: a\ndata: b\n\n", text("a\nb")],
  "output with objects in it": ["event: output\ndata: x{}\n\nevent: output\ndata: {}x\n\n", text("x{}{}x")],
  "what is not quite output": ["event: outputs\ndata: a\n\nevent: x output\ndata: b\n\nxevent: output\ndata: c\n\nevent: output\n\ndata: d\n\n", value("a", "b", "c", "d")],
  "text that is announced": ['{"a": 1}\n', text('{"a": 1}\n'), "text"],
  "an event of text, announced": ["data: hello\n\n", value("hello"), "openai-chat"],
  "text where events are announced": ["Hello\n\ndata: {}\n\n", value("{}"), "openai-chat"],
  "values where a format is announced": ['{"a":1}', value('{"a":1}'), "openai-chat"],
  "letters of many bytes, and a byte order mark": ["\uFEFFHé €🦊", text("Hé €🦊")],
};

for (const [name, [input, want, format]] of Object.entries(STREAMS)) {
  test(`a framer of ${name}, however it is cut`, () => {
    for (const most of [input.length * 4, 1, 2, 3, 7]) {
      const got = heard(cut(new TextEncoder().encode(input), most), format === undefined ? {} : { format });
      assert.deepEqual(got, want, `in pieces of ${String(most)}`);
    }
  });
}

const OPEN: Readonly<Record<string, readonly [chunks: readonly string[], want: Heard[]]>> = {
  "text at once": [["H"], text("H")],
  "no empty text": [["Hi", ""], text("Hi")],
  "white space not yet": [[" ".repeat(1023)], []],
  "much white space as text": [[" ".repeat(1023), " "], text(" ".repeat(1024))],
  "the beginning of a document not yet": [["<!doc"], []],
  "other angle brackets at once": [["<!dob"], text("<!dob")],
  "the beginning of a bracket not yet": [["[ "], []],
  "the beginning of a field not yet": [["retry"], []],
  "a comment when an event follows": [[": hi\n", "data: ", "{"], [comment(" hi")]],
  "no comment before that": [[": hi\n\nid: 1\ndata: "], []],
  "a comment after much of it": [[`: ${"a".repeat(1022)}`, "\n"], [comment(` ${"a".repeat(1022)}`)]],
  "an event at its empty line": [["data: {}\n", "\n"], value("{}")],
  "no event before its empty line": [["data: {}\n"], []],
  "no line end before its second half": [["data: {\r", "\ndata: }\r", "\n\r"], []],
  "an object at its last bracket": [['{"a":{', "}", "}"], value('{"a":{}}')],
};

for (const [name, [chunks, want]] of Object.entries(OPEN)) {
  test(`while a stream is open a framer says ${name}`, () => {
    assert.deepEqual(heard(chunks, { open: true }), want);
  });
}

test("letters that a stream's end cuts off are shown as lost", () => {
  assert.deepEqual(heard([new Uint8Array([0x48, 0xc3])]), text("H\uFFFD"));
});

const WANTED: Readonly<Record<string, readonly [chunks: readonly string[], want: Heard[]]>> = {
  "skips the events before": [["data: [1]\n\ndata: 2\n\n: finece x\ndata: 3\n\n"], [...value(""), comment(" finece x"), ...value("3")]],
  "skips all": [["data: [1]\n\nid: 1\ndata: 2\n\n"], value("")],
  "keeps the first": [["data: [finece]\n\n"], value("[finece]")],
  "keeps comments that no event follows": [[": a\n\ndata: [1]\n", "\n", ": b\n\n: c\n\n"], [comment(" a"), ...value("[1]"), comment(" b"), comment(" c")]],
  "keeps an event from its first line": [["data: [1]\n\nid: 1\ndata: [\ndata: finece]\n\n"], value("", "[\nfinece]")],
  "takes the earlier of two words": [["data: [1]\n\ndata: [DONE]\n\ndata: finece\n\n"], value("", "[DONE]", "finece")],
  "takes the later of two words when it comes first": [["data: [1]\n\ndata: finece\n\ndata: [DONE]\n\n"], value("", "finece", "[DONE]")],
  "finds a word that is cut": [["data: [1]\n\ndata: fin", "ece\n\n"], value("", "finece")],
  "skips what is cut": [["data: [1", "]\n\ndata: finece\n\n"], value("", "finece")],
  "keeps an event whose lines have come": [["data: [\n", "data: 1]\n\ndata: 2\n\ndata: finece\n\n"], value("[\n1]", "2", "finece")],
  "skips nothing at line ends with a return": [["data: [1]\r\n\r\ndata: finece\r\n\r\n"], value("[1]", "finece")],
  "keeps a word that begins its event": [["data: [1]\n\nfinece\ndata: 2\n\n"], value("", "2")],
};

for (const [name, [chunks, want]] of Object.entries(WANTED)) {
  test(`a framer for wanted words ${name}`, () => {
    assert.deepEqual(heard(chunks, { wanted: ["[DONE]", "finece"], open: true }), want);
  });
}

test("an event of more than 16 Mi letters is dropped, and the next one is not", () => {
  const letters = "a".repeat((16 << 20) - 6);
  const sizes = (chunks: string[], wanted?: string[]): number[] => heard(chunks, wanted === undefined ? {} : { wanted }).map(([, { length }]) => length);
  assert.deepEqual(sizes(["data: [\n\n", "data: ", letters, "\n\n"]), [1, letters.length]);
  assert.deepEqual(sizes(["data: [\n\n", "data: ", letters, "a", "a\n\ndata: 22\n\n"]), [1, 2]);
  assert.deepEqual(sizes(["data: [\n\n", "data: ", letters, "a", "a\n\ndata: 22\n\ndata: finece\n\n"], ["finece"]), [0, 0, 6]);
});
