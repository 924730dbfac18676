// Package position decides where in a streamed answer a confidence is
// estimated.
//
// A [Detector] is fed the tokens of one answer and yields positions. From the answer
// "First.\n\nSecond." it yields p(1) at byte 6, the end of the first paragraph, and
// p(z) at byte 15, the whole answer. p(0) is the question alone. Three strategies
// choose the positions between p(0) and p(z). They can be combined:
//
//   - Paragraph: the end of a paragraph, that is, of text before a blank line.
//     With Line, the end of every line counts. Line suits answers in which each line
//     is one step.
//   - Periodic: every N tokens.
//   - Entropy: after a token of high entropy, that is, one at which the model was
//     undecided.
//
// The same text yields the same positions, however it is cut into pieces. The package
// does no I/O, keeps none of the text, and reuses its buffers.
//
// # When a position comes out
//
// [Detector.Feed] returns a position when text other than white space follows it. A
// confidence for the very end would repeat p(z). So p(z) is the only position at the
// end of the last text, even if white space follows that text. p(z-1) is the position
// before p(z).
//
// The end of a paragraph or line is returned when it is known that the next non-blank
// line does not continue the paragraph. The first character of that line decides. If
// it could begin a thematic break, the first few characters decide. In Line mode, the
// whole line after a table decides: it belongs to the table if it contains a pipe.
//
// Within a segment (see below), a later index has a higher offset. So while the end
// of a paragraph is undecided, the Periodic and Entropy positions after it wait. At
// most 16 positions wait; further ones are left out. A position in the white space
// right after a paragraph is merged with the paragraph's end. The merged position has
// both kinds and lies at the end of the paragraph's text.
//
// # What is a paragraph
//
// Lines end with LF, CRLF or CR. White space is ASCII white space. These lines
// do not end a paragraph, whatever follows them:
//
//   - Lines in a fenced code block: from ``` or ~~~ (three or more, at any
//     indentation, also after a list marker) to a line of at least as many of the
//     same characters and nothing else.
//   - Lines in display math: from $$ to $$, \[ to \], \begin{} to its \end{}.
//     If $$ or \[ neither begins nor ends its line, a blank line shows that it was
//     not display math, and text is ordinary again. Math in code spans is ignored.
//   - The header row, the delimiter row and every row of a table except the last. A
//     table ends at the first line without a pipe.
//   - A line of a list item, if the next non-blank line is indented more deeply than
//     the marker of the outermost open item: that line continues the item. A marker at
//     the same level begins another item.
//
// A thematic break or heading underline (a line of three or more -, *, _ or =)
// counts as a blank line. The > of a block quote is skipped. A paragraph of fewer
// than MinLength characters is joined to the next.
//
// Blocks within blocks are not parsed, since no paragraph ends inside a fence, a
// formula or an outermost list item. So the detector needs only a few numbers about the
// line and the open block.
//
// # Segments
//
// An answer has up to three segments: reasoning, answer and refusal. They are separate
// texts with their own offsets, token counts and Markdown state. An open paragraph of
// reasoning ends, and its position is returned, as soon as text of another segment
// begins. If a model returns to reasoning in the middle of its answer, the answer's
// open paragraph ends, too. Its position is returned when the answer resumes. A
// refusal has no positions. [Splitter] separates reasoning that stands between tags
// in the answer.
//
// # Tokens
//
// If each token of the provider arrives by itself, tokens are counted. Otherwise
// their number is estimated from the characters, and [Position.Estimated] is set. The
// estimate does not depend on how the text is cut. The file estimate.go has the rules
// and their accuracy.
package position
