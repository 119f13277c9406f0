/** The rules of the catalog and of the user's folder. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { relative } from 'node:path'
import { isSaidAlike, NOTHING_KNOWN, type Placeholders } from '../ingest/inventory/placeholders.ts'
import { CATALOG, keepParsed, parseFile, ROOT, ruleFiles } from './files.ts'
import type { Rule } from './rule.ts'
import { type CompileOptions, compileDocuments } from './sigma/compile.ts'
import { SigmaError } from './sigma/error.ts'
import { libraryOf } from './sigma/library.ts'
import type { SourceKind } from './sigma/mapping.ts'
import { parseSigma, type SigmaDocument } from './sigma/parse.ts'

export { CATALOG, eventsPathOf, GROUPS, groupOfFile, OWN, pathOf, ruleFiles } from './files.ts'

export interface Loaded {
  readonly rules: readonly Rule[]
  /** One sentence each, with file, line and column. */
  readonly problems: readonly string[]
}

const sentence = (error: unknown, file: string): string =>
  error instanceof SigmaError ? error.message : `${file}: ${error instanceof Error ? error.message : String(error)}`

/** A file of rules. */
export interface RuleText {
  /** What it is known by, wherever it lies: the first id in it, or its name within the folder. */
  readonly key: string
  readonly file: string
  readonly text: string
  /** The catalog's, where it is one of these or stands in the place of one. */
  readonly catalog?: { readonly file: string; readonly text: string }
}
/** What is known of a text otherwise than its file says it (`texts.ts`). */
export interface KnownText {
  readonly n: number
  readonly text: string
  readonly file: string
  /** It is in force no longer. */
  readonly ended?: true
}
export type KnownTexts = ReadonlyMap<string, KnownText>

interface Read {
  readonly file: string
  readonly text: string
  readonly folder: string
}
/** The files of some folders as they were read, a list a folder, and what could not be read. */
interface Texts {
  readonly folders: readonly (readonly Read[])[]
  readonly problems: readonly string[]
  /** `parseSigma`, of each file once: they are compiled again whenever the inventory says otherwise. */
  parse(text: string, name: string): readonly SigmaDocument[]
}
const readTexts = (folders: readonly string[]): Texts => {
  const problems: string[] = []
  const read: Read[][] = []
  for (const folder of folders) {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
      problems.push(`${folder}: there is no such folder of rules`)
      continue
    }
    const files: Read[] = []
    for (const path of ruleFiles(folder)) {
      // What ships with the program is named alike wherever it is installed.
      const file = path.startsWith(CATALOG) ? relative(ROOT, path) : path
      try {
        files.push({ file, text: readFileSync(path, 'utf8'), folder })
      } catch (error) {
        problems.push(sentence(error, file))
      }
    }
    read.push(files)
  }
  // What a person tries is another text each time, and is not kept.
  const ofFiles = new Map(read.flat().map(({ file, text }) => [file, text]))
  const parsed = new Map<string, readonly SigmaDocument[]>()
  const parse = (text: string, name: string): readonly SigmaDocument[] => {
    if (ofFiles.get(name) !== text) return parseSigma(text, name)
    let found = parsed.get(name)
    if (!found) parsed.set(name, (found = parseFile(text, name)))
    return found
  }
  return { folders: read, problems, parse }
}

export const idsIn = (documents: readonly SigmaDocument[]): readonly string[] => documents.flatMap(({ id }) => id ?? [])

interface Placed extends RuleText {
  /** By which its rules go: a text in the place of one of the catalog's keeps the name, and so the group, of that. */
  readonly name: string
  readonly documents: readonly SigmaDocument[]
}

/**
 * The texts where they belong: a file that holds all ids of one in a folder before stands in the place of that. Each as it is
 * known, where that is otherwise.
 */
const placeTexts = (texts: Texts, known: KnownTexts) => {
  const problems = [...texts.problems]
  const keys = new Set<string>()
  const folders: Placed[][] = []
  const parsed = (text: string, name: string, file: string): readonly SigmaDocument[] | undefined => {
    try {
      return texts.parse(text, name)
    } catch (error) {
      problems.push(sentence(error, name).replace(name, file))
      return undefined
    }
  }
  for (const files of texts.folders) {
    const own: Placed[] = []
    for (const { file, text, folder } of files) {
      const documents = parsed(text, file, file)
      if (!documents) continue
      const ids = idsIn(documents)
      const first = ids[0]
      const key = first !== undefined && !keys.has(first) ? first : `./${relative(folder, file)}`
      const before = folders.flatMap((placed) => placed.map((each, i) => ({ placed, each, i })))
      const others = before.filter(({ each }) => idsIn(each.documents).some((id) => ids.includes(id)))
      const [other] = others
      const missing = others.flatMap(({ each }) => idsIn(each.documents)).filter((id) => !ids.includes(id))
      if (other && (others.length > 1 || missing.length > 0)) {
        problems.push(
          `${file}: the id "${ids.find((id) => idsIn(other.each.documents).includes(id))}" is that of ${other.each.file} too: give the rule another one, or copy that file whole to change it${missing.length > 0 ? `, with ${missing.join(', ')}` : ''}`,
        )
        continue
      }
      const catalog = other?.each.catalog ?? (file.startsWith(relative(ROOT, CATALOG)) ? { file, text } : undefined)
      const name = other?.each.name ?? file
      const placed = { key: other?.each.key ?? key, file, text, name, documents, ...(catalog ? { catalog } : {}) }
      keys.add(placed.key)
      if (other) other.placed[other.i] = { ...placed, documents: parsed(text, name, file) ?? documents }
      else own.push(placed)
    }
    folders.push(own)
  }
  keepParsed()
  const read = folders.flat().map(({ documents: _, name: __, ...each }): RuleText => each)
  for (const placed of folders)
    for (let i = placed.length - 1; i >= 0; i--) {
      const each = placed[i]!
      const is = known.get(each.key)
      if (is?.ended) placed.splice(i, 1)
      else if (is && is.text !== each.text) {
        const documents = parsed(is.text, each.name, each.file)
        if (documents) placed[i] = { ...each, text: is.text, documents }
      }
    }
  const elsewhere = [...known].flatMap(([key, { text, file, ended }]): Placed[] => {
    if (ended || keys.has(key)) return []
    const documents = parsed(text, file, file)
    return documents ? [{ key, file, text, name: file, documents }] : []
  })
  // What this machine has no file of is somebody's own: beside those of the user's folder, as where there is one.
  if (elsewhere.length > 0) {
    if (folders.length > 1) folders.at(-1)!.push(...elsewhere)
    else folders.push(elsewhere)
  }
  return { folders, read, problems }
}

const NOTHING_KNOWN_OTHERWISE: KnownTexts = new Map()

const compileTexts = (
  texts: Texts,
  kinds: readonly SourceKind[] | undefined,
  placeholders: Placeholders,
  known = NOTHING_KNOWN_OTHERWISE,
): Loaded & { readonly read: readonly RuleText[]; readonly keys: ReadonlyMap<string, string> } => {
  const options: CompileOptions = { ...(kinds ? { kinds } : { fields: 'routed' }), placeholders }
  const { folders, read, problems } = placeTexts(texts, known)
  const rules: Rule[] = []
  const keys = new Map<string, string>()
  // A user's filter is for rules of ours too.
  const filters = folders
    .flat()
    .flatMap(({ documents }) => documents)
    .filter((document) => document.kind === 'filter')
  for (const [i, placed] of folders.entries()) {
    // A folder sees those before it, not those after: a user's correlation over a rule of ours does not silence ours.
    const seen = folders.slice(0, i + 1).flat()
    const library = libraryOf(
      seen.flatMap(({ documents }) => documents),
      filters,
    )
    for (const { documents, key, file, name } of placed) {
      const n = known.get(key)?.n
      try {
        const made = compileDocuments(documents, options, library)
        for (const { id } of made) keys.set(id, key)
        rules.push(...(n === undefined ? made : made.map((rule) => ({ ...rule, text: { key, n } }))))
      } catch (error) {
        problems.push(sentence(error, name).replace(name, file))
      }
    }
  }
  const byId = new Map<string, Rule>()
  for (const rule of rules) {
    const other = byId.get(rule.id)
    if (other)
      problems.push(`${rule.file}: the id "${rule.id}" is that of ${other.file} too: give the rule another one`)
    else byId.set(rule.id, rule)
  }
  return { rules: [...byId.values()], problems: [...new Set(problems)], read, keys }
}

/**
 * Everything that is right in these files, and what is wrong with the rest. `kinds`: the kinds of log that the sources bring;
 * `placeholders`: what
 * rules name of the inventory. `kinds` is undefined for events that are no source's: then names are taken as rules have them (`CompileOptions.fields: routed`).
 */
export const readRules = (
  folders: readonly string[],
  kinds: readonly SourceKind[] | undefined,
  placeholders: Placeholders = NOTHING_KNOWN,
): Loaded => compileTexts(readTexts(folders), kinds, placeholders)

/**
 * The rules of one text, which may name those of the catalog and of the user's folder. Throws a sentence with file, line and
 * column where it is wrong. `file`: as it is called; where it is one of these folders, the text stands in its place. `known`: texts
 * in force that no file says, in whose place those of the same ids stand.
 */
export const readDraft = (
  yaml: string,
  file: string,
  folder: string | undefined,
  kinds: readonly SourceKind[],
  placeholders: Placeholders = NOTHING_KNOWN,
  known: readonly string[] = [],
): readonly Rule[] => {
  const documents = parseSigma(yaml, file)
  const ids = new Set(documents.flatMap(({ id }) => id ?? []))
  const readOther = (read: () => string, name: string): SigmaDocument[] => {
    try {
      const own = [...parseFile(read(), name)]
      if (idsIn(own).some((id) => ids.has(id))) return []
      for (const id of idsIn(own)) ids.add(id)
      return own
    } catch {
      // What is wrong in another file is not this one's fault: check tells it.
      return []
    }
  }
  const readOthers = (of: string): SigmaDocument[] =>
    ruleFiles(of).flatMap((path) =>
      readOther(() => readFileSync(path, 'utf8'), path.startsWith(CATALOG) ? relative(ROOT, path) : path),
    )
  // What stands in the place of one of the catalog's is taken for that, and what a person said for what a file says.
  const said = known.flatMap((text) => readOther(() => text, 'a version'))
  const theirs = folder === undefined ? [] : readOthers(folder)
  const library = libraryOf([...documents, ...said, ...readOthers(CATALOG), ...theirs])
  return compileDocuments(documents, { kinds, placeholders }, library)
}

/** Rules, and the texts that they were read from. */
export interface Held {
  readonly rules: readonly Rule[]
  /** The files as they were read, each id once: of a catalog's rule that somebody copied, the copy. */
  readonly files: readonly RuleText[]
  /** What is known otherwise and cannot be taken, a sentence each: there the file holds. Where a file is wrong, what it said before. */
  readonly doubts: readonly string[]
  /** What is wrong with files that were left out (`holdRight`), a sentence each. */
  readonly wrong: ReadonlyMap<string, string>
  /** The same texts, where the inventory says otherwise: whoever is editing a file meanwhile has not asked for it yet. */
  again(placeholders: Placeholders): Held
  /** With these in the place of what the files say. */
  over(known: KnownTexts): Held
  /** As `over`. Throws one Error with a line for each thing that is wrong. */
  tried(known: KnownTexts): Held
}
/** Our own rules, and those of a folder of the user's. Throws one Error with a line for each thing that is wrong. */
export const holdRules = (
  folder: string | undefined,
  kinds: readonly SourceKind[],
  placeholders: Placeholders = NOTHING_KNOWN,
): Held => holdTexts(textsOf(folder), kinds, placeholders)

/**
 * The same without the files that are wrong: a mistake in one must not keep all others from their work. Throws where the fault
 * is no file's.
 */
export const holdRight: typeof holdRules = (folder, kinds, placeholders = NOTHING_KNOWN) => {
  const texts = textsOf(folder)
  const wrong = new Map<string, string>()
  for (;;) {
    const left = texts.folders.map((files) => files.filter(({ file }) => !wrong.has(file)))
    try {
      return holdTexts({ ...texts, folders: left }, kinds, placeholders, wrong)
    } catch (error) {
      const problems = (error as Error).message.split('\n')
      const known = wrong.size
      for (const { file } of left.flat()) {
        const problem = problems.find((each) => each.startsWith(`${file}:`))
        if (problem) wrong.set(file, problem)
      }
      if (wrong.size === known) throw error
    }
  }
}

const textsOf = (folder: string | undefined): Texts => readTexts(folder === undefined ? [CATALOG] : [CATALOG, folder])

const holdTexts = (
  texts: Texts,
  kinds: readonly SourceKind[],
  placeholders: Placeholders,
  wrong: ReadonlyMap<string, string> = new Map(),
): Held => {
  const left = [...wrong.values()].map((each) => `this file is left out, and what it said before holds: ${each}`)
  const heldOf = (
    words: Placeholders,
    { rules, read, keys }: ReturnType<typeof compileTexts>,
    taken: KnownTexts,
    doubts: readonly string[],
  ): Held => {
    const held: Held = {
      rules,
      files: read,
      doubts: [...left, ...doubts],
      wrong,
      again: (next) => (isSaidAlike(words, next) ? held : hold(next, taken, false)),
      over: (next) => {
        const same = read.every(({ key, text }) => next.get(key)?.text === text && !next.get(key)!.ended)
        if (!same || taken.size > 0 || next.size !== read.length) return hold(words, next, false)
        const numbered = rules.map((rule) => {
          const key = keys.get(rule.id)!
          return { ...rule, text: { key, n: next.get(key)!.n } }
        })
        return heldOf(words, { rules: numbered, problems: [], read, keys }, next, [])
      },
      tried: (next) => hold(words, next, true),
    }
    return held
  }
  const hold = (words: Placeholders, known: KnownTexts, strict: boolean): Held => {
    const doubts: string[] = []
    let taken = known
    for (;;) {
      const loaded = compileTexts(texts, kinds, words, taken)
      if (strict) allRight(loaded)
      const files = new Map(loaded.read.map((each) => [each.key, each]))
      /** What is not as this machine's files say it. */
      const otherwise = [...taken].filter(([key, { text, ended }]) =>
        ended ? files.has(key) : files.get(key)?.text !== text,
      )
      if (loaded.problems.length === 0 || otherwise.length === 0)
        return heldOf(words, { ...loaded, rules: allRight(loaded) }, taken, doubts)
      // What was right when it was said may be wrong beside a newer catalog: the file holds then, and it is told.
      doubts.push(...loaded.problems.map((each) => `a version of a rule cannot be taken, and its file holds: ${each}`))
      const named = otherwise.filter(([key, { file }]) =>
        loaded.problems.some((problem) =>
          [files.get(key)?.file, file].some((each) => each && problem.startsWith(each)),
        ),
      )
      const wrong = new Set((named.length > 0 ? named : otherwise).map(([key]) => key))
      taken = new Map([...taken].filter(([key]) => !wrong.has(key)))
    }
  }
  return hold(placeholders, NOTHING_KNOWN_OTHERWISE, true)
}
/** As `holdRules`. */
export const loadRules = (...given: Parameters<typeof holdRules>): readonly Rule[] => holdRules(...given).rules

/** Rules for events that are no source's. Throws as `loadRules`. */
export const loadRouted = (folders: readonly string[]): readonly Rule[] => allRight(readRules(folders, undefined))

const allRight = ({ rules, problems }: Loaded): readonly Rule[] => {
  if (problems.length === 0) return rules
  const more = problems.length > 10 ? [`and ${problems.length - 10} more`] : []
  throw new Error([...problems.slice(0, 10), ...more].join('\n'))
}
