/** What helps who writes rules: coverage, the stores' own languages, a beginning, rules of others. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { counted } from '../../ingest/counted.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { convert } from '../../rules/convert.ts'
import { logsOf, techniquesOf, untagged, unwatched } from '../../rules/coverage.ts'
import { importRules, reasonsOf } from '../../rules/imported.ts'
import { loadRules, readDraft } from '../../rules/load.ts'
import type { Rule } from '../../rules/rule.ts'
import { isRuleId, newCorrelation, newEvents, newRule, NO_RULE_ID } from '../../rules/template.ts'
import type { Config } from '../config.ts'
import { wordsOf } from './scan.ts'
import { table } from './show.ts'

const NAMED = 4
const named = (rules: readonly Rule[]): string =>
  `${rules
    .slice(0, NAMED)
    .map(({ id }) => id)
    .join(', ')}${rules.length > NAMED ? ` and ${rules.length - NAMED} more` : ''}`

export const coverageLines = (rules: readonly Rule[]): readonly string[] => {
  const techniques = techniquesOf(rules)
  const without = untagged(rules)
  const alone = unwatched(rules, LOGSOURCES)
  return [
    table([
      ['tactics', 'technique', 'rules', ''],
      ...techniques.map(({ technique, tactics, rules: of }) => [
        tactics.length > 2 ? `${tactics.slice(0, 2).join(', ')} …` : tactics.join(', ') || '(none named)',
        technique,
        of.length,
        named(of),
      ]),
    ]),
    '',
    table([
      ['log', 'rules', ''],
      ...logsOf(rules).map(({ logsource, rules: of }) => [logsource, of.length, named(of)]),
    ]),
    '',
    ...(alone.length > 0 ? [`no rule of their own: ${alone.join(', ')}`, ''] : []),
    `${counted(rules.length, 'rule')}, ${counted(techniques.length, 'technique')}${
      without.length > 0 ? `; no technique is named by ${named(without)}` : ''
    }`,
  ]
}

/** The rules of a file, or the one in force with an id. */
const rulesNamed = (config: Config, rule: string): readonly Rule[] => {
  const words = wordsOf(config)
  if (/\.ya?ml$/.test(rule)) {
    if (!existsSync(rule)) throw new Error(`${rule}: there is no such file`)
    return readDraft(readFileSync(rule, 'utf8'), rule, config.rules, LOGSOURCES, words)
  }
  const found = loadRules(config.rules, LOGSOURCES, words).filter(({ id }) => id === rule)
  if (found.length === 0) throw new Error(`there is no rule "${rule}": name a file, or a rule by its id`)
  return found
}

export const convertLines = async (
  config: Config,
  rule: string,
  to: string | undefined,
): Promise<readonly string[]> => {
  const decided = (exact: boolean) => (exact ? '' : ' (over-selects: what comes back is decided in process)')
  return rulesNamed(config, rule).flatMap((each) =>
    convert(each).flatMap(({ name, sql, query, exact }) => [
      ...(to === 'elasticsearch'
        ? []
        : [`-- ${name}, SQL of DuckDB${decided(exact.sql)}`, `SELECT * FROM events WHERE ${sql}`, '']),
      ...(to === 'sql'
        ? []
        : [`// ${name}, Elasticsearch${decided(exact.query)}`, JSON.stringify({ query }, undefined, 2), '']),
    ]),
  )
}

export const writeNew = (
  config: Config,
  id: string,
  author: string,
  { correlation = false, folder }: { readonly correlation?: boolean; readonly folder?: string },
): readonly string[] => {
  if (!isRuleId(id)) throw new Error(`"${id}" is no id of a rule: ${NO_RULE_ID}`)
  const to = folder ?? config.rules
  if (to === undefined)
    throw new Error('no folder of rules is configured: name one with --folder, or write "rules:" into vonglau.yml')
  const [file, events] = [join(to, `${id}.yml`), join(to, `${id}.events.ndjson`)]
  for (const path of [file, events])
    if (existsSync(path)) throw new Error(`${path} is there already: choose another id`)
  const date = new Date().toISOString().slice(0, 10)
  const yaml = (correlation ? newCorrelation : newRule)(id, author, date)
  mkdirSync(to, { recursive: true })
  writeFileSync(file, yaml)
  writeFileSync(events, newEvents(correlation))
  return [
    file,
    events,
    `write the rule, then: vonglau rules check ${to}; vonglau rules test ${file}; vonglau rules backtest ${file}`,
  ]
}

export const importLines = async (
  config: Config,
  from: readonly string[],
  {
    to = config.rules,
    license,
    dryRun = false,
  }: { readonly to?: string | undefined; readonly license?: string; readonly dryRun?: boolean },
): Promise<readonly string[]> => {
  if (to === undefined && !dryRun)
    throw new Error('no folder of rules is configured: name one with --to, or write "rules:" into vonglau.yml')
  const words = wordsOf(config)
  const known = new Set(loadRules(config.rules, LOGSOURCES, words).map(({ id }) => id))
  const { taken, left } = importRules({
    from,
    to: dryRun ? undefined : to,
    license,
    kinds: LOGSOURCES,
    placeholders: words,
    known,
  })
  const unsaid = taken.filter((each) => each.license === '')
  return [
    ...(taken.length > 0
      ? [
          table([
            ['file', 'rules', 'author', 'licence'],
            ...taken.map((each) => [
              each.file,
              each.rules.length,
              each.author || '(none)',
              each.license || '(not said)',
            ]),
          ]),
          '',
        ]
      : []),
    ...left.map(({ why }) => `cannot run here: ${why.replace(/; known are .*$/, '')}`),
    ...(left.length > 0 ? ['', table([['files', 'why'], ...reasonsOf(left).map(([why, n]) => [n, why])]), ''] : []),
    `${counted(taken.length, 'file')} ${dryRun ? 'can be imported' : `imported into ${to}`}, ${left.length} cannot run here${
      unsaid.length > 0 ? `; ${counted(unsaid.length, 'file')} without a licence: name it with --license` : ''
    }`,
  ]
}
