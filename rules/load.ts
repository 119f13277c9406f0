/** The rules of the catalog and of the user's folder. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { NOTHING_KNOWN, type Placeholders } from '../ingest/inventory/placeholders.ts'
import type { Rule } from './rule.ts'
import { type CompileOptions, compileDocuments } from './sigma/compile.ts'
import { SigmaError } from './sigma/error.ts'
import { libraryOf } from './sigma/library.ts'
import type { SourceKind } from './sigma/mapping.ts'
import { parseSigma, type SigmaDocument } from './sigma/parse.ts'

export const CATALOG = join(import.meta.dirname, 'catalog')

/** The YAML files of a folder and those below it, in order of name. */
export const ruleFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

export interface Loaded {
  readonly rules: readonly Rule[]
  /** One sentence each, with file, line and column. */
  readonly problems: readonly string[]
}

/** Where a rule's file is: those of the catalog are named from the program's folder. */
const ROOT = join(CATALOG, '..', '..')
export const pathOf = (file: string): string => (file.startsWith(relative(ROOT, CATALOG)) ? join(ROOT, file) : file)
/** The events that must and must not match, beside the rules of a file. */
export const eventsPathOf = (file: string): string => pathOf(file).replace(/\.ya?ml$/, '.events.ndjson')

/** The folder of the catalog that a rule stands in; of a rule of one's own: `own`. */
export const groupOfFile = (file: string): string => {
  const [group, name] = pathOf(file).startsWith(CATALOG) ? relative(CATALOG, pathOf(file)).split(sep) : []
  return group !== undefined && name !== undefined ? group : 'own'
}

const sentence = (error: unknown, file: string): string =>
  error instanceof SigmaError ? error.message : `${file}: ${error instanceof Error ? error.message : String(error)}`

/** The files of some folders as they were read, a list a folder, and what could not be read. */
interface Read {
  readonly folders: readonly (readonly (readonly SigmaDocument[])[])[]
  readonly problems: readonly string[]
}
const readFolders = (folders: readonly string[]): Read => {
  const problems: string[] = []
  const read: SigmaDocument[][][] = []
  for (const folder of folders) {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
      problems.push(`${folder}: there is no such folder of rules`)
      continue
    }
    const files: SigmaDocument[][] = []
    for (const path of ruleFiles(folder)) {
      // What ships with the program is named alike wherever it is installed.
      const file = path.startsWith(CATALOG) ? relative(ROOT, path) : path
      try {
        files.push(parseSigma(readFileSync(path, 'utf8'), file))
      } catch (error) {
        problems.push(sentence(error, file))
      }
    }
    read.push(files)
  }
  return { folders: read, problems }
}

const compileAll = (read: Read, kinds: readonly SourceKind[] | undefined, placeholders: Placeholders): Loaded => {
  const options: CompileOptions = { ...(kinds ? { kinds } : { fields: 'routed' }), placeholders }
  const problems = [...read.problems]
  const rules: Rule[] = []
  // A user's filter is for rules of ours too.
  const filters = read.folders.flat(2).filter((document) => document.kind === 'filter')
  for (const [i, files] of read.folders.entries()) {
    // A folder sees those before it, not those after: a user's correlation over a rule of ours does not silence ours.
    const library = libraryOf(read.folders.slice(0, i + 1).flat(2), filters)
    for (const documents of files) {
      try {
        rules.push(...compileDocuments(documents, options, library))
      } catch (error) {
        problems.push(sentence(error, documents[0]!.located.file))
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
  return { rules: [...byId.values()], problems: [...new Set(problems)] }
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
): Loaded => compileAll(readFolders(folders), kinds, placeholders)

/**
 * The rules of one text, which may name those of the catalog and of the user's folder. Throws a sentence with file, line and
 * column where it is wrong. `file`: as it is called; where it is one of these folders, the text stands in its place.
 */
export const readDraft = (
  yaml: string,
  file: string,
  folder: string | undefined,
  kinds: readonly SourceKind[],
  placeholders: Placeholders = NOTHING_KNOWN,
): readonly Rule[] => {
  const documents = parseSigma(yaml, file)
  const ids = new Set(documents.flatMap(({ id }) => id ?? []))
  const others: SigmaDocument[] = []
  for (const path of [CATALOG, ...(folder === undefined ? [] : [folder])].flatMap(ruleFiles))
    try {
      const own = parseSigma(readFileSync(path, 'utf8'), path.startsWith(CATALOG) ? relative(ROOT, path) : path)
      if (!own.some(({ id }) => id !== undefined && ids.has(id))) others.push(...own)
    } catch {
      // What is wrong in another file is not this one's fault: check tells it.
    }
  return compileDocuments(documents, { kinds, placeholders }, libraryOf([...documents, ...others]))
}

/** Rules, and the texts that they were read from. */
export interface Held {
  readonly rules: readonly Rule[]
  /** The same texts, where the inventory says otherwise: whoever is editing a file meanwhile has not asked for it yet. */
  again(placeholders: Placeholders): Held
}
/** Our own rules, and those of a folder of the user's. Throws one Error with a line for each thing that is wrong. */
export const holdRules = (
  folder: string | undefined,
  kinds: readonly SourceKind[],
  placeholders: Placeholders = NOTHING_KNOWN,
): Held => {
  const read = readFolders(folder === undefined ? [CATALOG] : [CATALOG, folder])
  const compiled = (known: Placeholders): Held => ({
    rules: allRight(compileAll(read, kinds, known)),
    again: compiled,
  })
  return compiled(placeholders)
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
