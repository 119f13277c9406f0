/** What the rules are about: techniques of MITRE ATT&CK, and kinds of log, as their tags and logsources say. */
import type { Rule } from './rule.ts'
import type { SourceKind } from './sigma/mapping.ts'
import { parseSigma } from './sigma/parse.ts'

/** Tactics of the enterprise matrix, in its order (https://attack.mitre.org/tactics/enterprise/). */
const TACTICS = [
  'reconnaissance',
  'resource-development',
  'initial-access',
  'execution',
  'persistence',
  'privilege-escalation',
  'defense-evasion',
  'credential-access',
  'discovery',
  'lateral-movement',
  'collection',
  'command-and-control',
  'exfiltration',
  'impact',
]

export interface TechniqueRow {
  readonly technique: string // T1190, T1110.003
  readonly tactics: readonly string[]
  readonly rules: readonly Rule[]
}
export interface LogRow {
  /** As the rule's logsource says it: 'webserver', 'fortigate event'; of a rule without: 'any'. */
  readonly logsource: string
  readonly rules: readonly Rule[]
}

const tagsOf = ({ tags }: Rule) => {
  const own = tags.map((tag) => tag.toLowerCase()).filter((tag) => tag.startsWith('attack.'))
  const names = own.map((tag) => tag.slice('attack.'.length).replaceAll('_', '-'))
  return {
    techniques: names.filter((name) => /^t\d{4}(\.\d{3})?$/.test(name)).map((name) => name.toUpperCase()),
    tactics: names.filter((name) => TACTICS.includes(name)),
  }
}

/** By tactic, in the matrix's order, then by technique. */
export const techniquesOf = (rules: readonly Rule[]): readonly TechniqueRow[] => {
  const found = new Map<string, { tactics: Set<string>; rules: Rule[] }>()
  for (const rule of rules) {
    const { techniques, tactics } = tagsOf(rule)
    for (const technique of new Set(techniques)) {
      const one = found.get(technique) ?? { tactics: new Set(), rules: [] }
      for (const tactic of tactics) one.tactics.add(tactic)
      one.rules.push(rule)
      found.set(technique, one)
    }
  }
  const order = ({ tactics }: TechniqueRow) => Math.min(TACTICS.length, ...tactics.map((name) => TACTICS.indexOf(name)))
  return [...found]
    .map(([technique, { tactics, rules: of }]) => ({
      technique,
      tactics: TACTICS.filter((name) => tactics.has(name)),
      rules: of,
    }))
    .sort((a, b) => order(a) - order(b) || (a.technique < b.technique ? -1 : 1))
}
/** Rules that name no technique. */
export const untagged = (rules: readonly Rule[]): readonly Rule[] =>
  rules.filter((rule) => tagsOf(rule).techniques.length === 0)

const PARTS = ['category', 'product', 'service'] as const
type Logsource = { readonly [part in (typeof PARTS)[number]]?: string | null | undefined } | null | undefined
const saidOf = (logsource: Logsource): string => PARTS.flatMap((part) => logsource?.[part] ?? []).join(' ') || 'any'

/** The logsources that a rule, or the rules that it counts, say. */
const logsourcesOf = (rule: Rule): readonly Logsource[] => {
  const documents = parseSigma(rule.yaml, rule.file).filter((document) => document.kind === 'rule')
  const bases = new Set((rule.bases ?? []).map(({ id }) => id))
  const own = documents.filter(({ id }) => id === rule.id || (id !== undefined && bases.has(id)))
  return (own.length > 0 ? own : documents).map(({ logsource }) => logsource)
}

/** Kinds of log that rules are about, those with most rules first. */
export const logsOf = (rules: readonly Rule[]): readonly LogRow[] => {
  const found = new Map<string, Set<Rule>>()
  for (const rule of rules)
    for (const logsource of logsourcesOf(rule)) {
      const said = saidOf(logsource)
      found.set(said, (found.get(said) ?? new Set()).add(rule))
    }
  return [...found]
    .map(([logsource, of]) => ({ logsource, rules: [...of] }))
    .sort((a, b) => b.rules.length - a.rules.length || (a.logsource < b.logsource ? -1 : 1))
}

/** Kinds of log that parsers bring and no rule is about, but those that look at every log. */
export const unwatched = (rules: readonly Rule[], kinds: readonly SourceKind[]): readonly string[] => {
  const all = rules.flatMap(logsourcesOf).filter((logsource) => saidOf(logsource) !== 'any')
  const watched = (kind: SourceKind) =>
    all.some((logsource) =>
      PARTS.every((part) => !logsource?.[part] || kind[part]?.toLowerCase() === logsource[part].toLowerCase()),
    )
  return [...new Set(kinds.filter((kind) => !watched(kind)).map(saidOf))].sort()
}

/** A layer of the ATT&CK Navigator (layer format 4.5): the score of a technique is how many rules name it. */
export const navigatorLayer = (rules: readonly Rule[]): object => {
  const techniques = techniquesOf(rules)
  const most = Math.max(1, ...techniques.map(({ rules: of }) => of.length))
  return {
    name: 'Vọng Lâu',
    versions: { layer: '4.5', navigator: '5.1.0', attack: '16' },
    domain: 'enterprise-attack',
    description: `${rules.length} rules`,
    gradient: { colors: ['#e1f2ee', '#0b7a5e'], minValue: 0, maxValue: most },
    techniques: techniques.map(({ technique, rules: of }) => ({
      techniqueID: technique,
      score: of.length,
      comment: of.map(({ id }) => id).join(', '),
      enabled: true,
      showSubtechniques: technique.includes('.'),
    })),
  }
}
