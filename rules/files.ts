/** The files of rules, and what each says. */
import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { type KeptValues, openKept } from './sigma/kept.ts'
import { parseSigma, type SigmaDocument } from './sigma/parse.ts'

export const CATALOG = join(import.meta.dirname, 'catalog')

/** The YAML files of a folder and those below it, in order of name. */
export const ruleFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

/** Where a rule's file is: those of the catalog are named from the program's folder. */
export const ROOT = join(CATALOG, '..', '..')
export const pathOf = (file: string): string => (file.startsWith(relative(ROOT, CATALOG)) ? join(ROOT, file) : file)
/** The events that must and must not match, beside the rules of a file. */
export const eventsPathOf = (file: string): string => pathOf(file).replace(/\.ya?ml$/, '.events.ndjson')

/** The group of every rule of one's own, and those of the catalog. */
export const OWN = 'own'
export const GROUPS: ReadonlySet<string> = new Set(
  readdirSync(CATALOG, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
)
/** The folder of the catalog that a rule stands in; of a rule of one's own: `own`. */
export const groupOfFile = (file: string): string => {
  const [group, name] = pathOf(file).startsWith(CATALOG) ? relative(CATALOG, pathOf(file)).split(sep) : []
  return group !== undefined && name !== undefined ? group : OWN
}

/** The catalog's files as they were last parsed: whoever reads them again, for a reload, finds few of them changed. */
const catalogParsed = new Map<string, { readonly text: string; readonly documents: readonly SigmaDocument[] }>()
let catalogKept: KeptValues | undefined
export const parseFile = (text: string, name: string): readonly SigmaDocument[] => {
  if (!name.startsWith(relative(ROOT, CATALOG))) return parseSigma(text, name)
  const before = catalogParsed.get(name)
  if (before?.text === text) return before.documents
  catalogKept ??= openKept()
  const documents = parseSigma(text, name, catalogKept.of(text, name))
  catalogParsed.set(name, { text, documents })
  return documents
}
/** What was read for the first time is kept for the next start. */
export const keepParsed = (): void => catalogKept?.keep()
