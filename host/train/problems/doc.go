// Package problems makes arithmetic word problems of several steps, with solutions, from a
// seed. A small model that is trained on them answers about half of them correctly, so
// there is something for its confidence to tell apart.
//
//	source := problems.NewSource(1, problems.InDomain, problems.Test)
//	p := source.Next()
//	fmt.Println(p.Question, p.Solution(len(p.Steps)+1))
//
// A solution has one paragraph for each step, and the answer at its end. A problem of the
// family "shopping":
//
//	Mia buys 3 pens for 14 dollars each. Mia buys 2 bags for 37 dollars each. The money
//	in the purse was 150 dollars. How many dollars does Mia have left?
//
//	The pens cost 3 * 14 = 42 dollars.
//
//	The bags cost 2 * 37 = 74 dollars.
//
//	Together that is 42 + 74 = 116 dollars.
//
//	What is left is 150 - 116 = 34 dollars.
//
//	#### 34
//
// Models are trained and tested on problems of [InDomain]. Problems of [LongChains] take
// more steps than any InDomain problem of the same family. Problems of [OtherWording] have
// about half of their sentences in words that InDomain does not use.
//
// No question is in two [Pool]s, so no test question was seen in training. Two questions of
// different pools can still have the same family and the same chain of equations
// ([Problem.Chain]), with other names and things.
//
// Questions of [OpenEnded] have many right answers: any 3 to 5 true statements, in any
// order. Problem.Statements lists all true statements, 300 or more for each question.
//
//	Write what can be calculated with 38, 120 or 51.
//
//	38 + 14 = 52
//
//	38 / 2 = 19
//
//	120 - 9 = 111
package problems
