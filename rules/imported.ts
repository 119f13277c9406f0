/**
 * Rules of others, such as SigmaHQ's, into a folder of one's own: each file stays as its author wrote it, with author and licence; what
 * cannot run here is left out, with the reason.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { Placeholders } from '../ingest/inventory/placeholders.ts'
import { readDraft, ruleFiles } from './load.ts'
import type { Rule } from './rule.ts'
import type { SourceKind } from './sigma/mapping.ts'
import { parseSigma } from './sigma/parse.ts'

export interface ImportedRules {
  readonly taken: readonly {
    readonly file: string
    readonly rules: readonly Rule[]
    readonly author: string
    readonly license: string
  }[]
  /** Why it cannot run here: a sentence with file, line and column. */
  readonly left: readonly { readonly file: string; readonly why: string }[]
}

export interface ImportRulesOptions {
  /** Files, and folders with all below them. */
  readonly from: readonly string[]
  /** A folder of one's own; without, nothing is written. */
  readonly to?: string | undefined
  /** Of files that do not say theirs: written into them. */
  readonly license?: string | undefined
  readonly kinds: readonly SourceKind[]
  readonly placeholders?: Placeholders
  /** Ids that are taken. */
  readonly known: ReadonlySet<string>
}

const filesOf = (path: string): { root: string; files: readonly string[] } => {
  if (!existsSync(path)) throw new Error(`${path}: there is no such file or folder of rules`)
  return statSync(path).isDirectory()
    ? { root: path, files: ruleFiles(path) }
    : { root: join(path, '..'), files: [path] }
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

export const importRules = ({ from, to, license, kinds, placeholders, known }: ImportRulesOptions): ImportedRules => {
  const taken: ImportedRules['taken'][number][] = []
  const left: ImportedRules['left'][number][] = []
  const ids = new Set(known)
  for (const { root, files } of from.map(filesOf))
    for (const path of files) {
      const file = relative(root, path) || basename(path)
      try {
        const yaml = readFileSync(path, 'utf8')
        const [first] = parseSigma(yaml, file)
        const rules = readDraft(yaml, file, undefined, kinds, placeholders)
        const twice = rules.find(({ id }) => ids.has(id))
        if (twice) throw new Error(`${file}: a rule with the id "${twice.id}" is there already`)
        if (rules.length === 0) throw new Error(`${file}: none of its rules alerts by itself`)
        for (const { id } of rules) ids.add(id)
        const said = textOf((first as { license?: unknown }).license)
        if (to !== undefined) {
          const target = join(to, file)
          if (existsSync(target)) throw new Error(`${target} is there already: it is left as it is`)
          mkdirSync(join(target, '..'), { recursive: true })
          writeFileSync(target, said || !license ? yaml : licensed(yaml, license))
        }
        taken.push({ file, rules, author: textOf(first!.author), license: said || (license ?? '') })
      } catch (error) {
        left.push({ file, why: error instanceof Error ? error.message : String(error) })
      }
    }
  return { taken, left }
}

/** The licence as a key of its first document, as the specification has it; all else stays as it was. */
const licensed = (yaml: string, license: string): string => {
  const lines = yaml.split('\n')
  const place = lines.findIndex((line) => /^title:/.test(line))
  lines.splice(place + 1, 0, `license: ${license}`)
  return lines.join('\n')
}

/** Reasons without what differs from file to file, with how many files each has. */
export const reasonsOf = (left: ImportedRules['left']): readonly (readonly [why: string, files: number])[] => {
  const counts = new Map<string, number>()
  for (const { why } of left) {
    const reason = why
      .replace(/^\S+?:\d+:\d+: /, '')
      .replace(/^\S+\.ya?ml: /, '')
      .replace(/; known are .*$/, '')
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1])
}
