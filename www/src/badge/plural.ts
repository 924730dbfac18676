/** A count in a language: the form that its plural rules ask for, with the numbers as the language writes them. */
export function counted(lang: string, forms: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string }): (check: number, of: number) => string {
  const rules = new Intl.PluralRules(lang);
  const number = new Intl.NumberFormat(lang);
  return (check, of) => (forms[rules.select(check)] ?? forms.other).replace("#", number.format(check)).replace("@", number.format(of));
}
