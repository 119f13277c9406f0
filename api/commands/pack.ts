/** `vonglau rules pack` and `unpack`: rules that travel where no network does. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { counted } from '../../ingest/counted.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { checkRules } from '../../rules/check.ts'
import { ruleFiles } from '../../rules/load.ts'
import { fingerprint, isPath, makePack, newKeys, openPack, type PackedFile, readKey, sha256 } from '../../rules/pack.ts'
import type { Config } from '../config.ts'
import { hashOfText } from '../../rules/texts.ts'
import { replaceFile } from '../replace-file.ts'
import type { Answer } from './reach.ts'
import { wordsOf } from './scan.ts'

/** What the last pack of a name has brought into a folder: beside the rules. */
const RECORD = '.vonglau-packs.json'
interface Record_ {
  readonly made: number
  readonly files: { readonly [path: string]: string }
}
type Records = { readonly [name: string]: Record_ }

const folderOf = (config: Config, folder: string | undefined): string => {
  const found = folder ?? config.rules
  if (found === undefined)
    throw new Error('no folder of rules is configured: name one, or write "rules:" into vonglau.yml')
  return found
}
const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** A key of one's own: it never leaves this machine; its public half is given to whoever unpacks. */
export const writeKeys = (file: string): readonly string[] => {
  for (const path of [file, `${file}.pub`])
    if (existsSync(path)) throw new Error(`${path} is there already: a key is never written over`)
  const keys = newKeys()
  writeFileSync(file, keys.private, { flag: 'wx', mode: 0o600 })
  writeFileSync(`${file}.pub`, keys.public, { flag: 'wx' })
  chmodSync(`${file}.pub`, 0o644)
  return [
    `${file}: the key that signs, for you alone`,
    `${file}.pub: give it to whoever unpacks, and compare ${fingerprint(readKey(keys.public, file, 'public'))}`,
  ]
}

export interface PackOptions {
  readonly to: string
  readonly key: string
  readonly name: string
  readonly by: string
  readonly made: number
  /** Of a text, by its rule's id. */
  readonly versionOf: (text: string) => PackedFile['version']
}
export const writePack = (config: Config, folder: string | undefined, options: PackOptions): readonly string[] => {
  const from = folderOf(config, folder)
  const key = readKey(textOf(options.key), options.key, 'private')
  // What is wrong here would be wrong everywhere.
  const [problem] = checkRules(from, LOGSOURCES, wordsOf(config))
  if (problem !== undefined) throw new Error(`nothing is packed while a rule has a mistake: ${problem}`)
  const files = ruleFiles(from).flatMap((file) => {
    const events = file.replace(/\.ya?ml$/, '.events.ndjson')
    const named = (path: string) => relative(from, path).split(sep).join('/')
    const text = readFileSync(file, 'utf8')
    const version = options.versionOf(text)
    return [
      { path: named(file), text, ...(version ? { version } : {}) },
      ...(existsSync(events) ? [{ path: named(events), text: readFileSync(events, 'utf8') }] : []),
    ]
  })
  if (files.length === 0) throw new Error(`${from} holds no rules: there is nothing to pack`)
  const { name, made, by } = options
  let pack: Buffer
  try {
    pack = makePack({ name, made, by }, files, key)
  } catch (error) {
    if (!(error as { issues?: unknown }).issues) throw error
    const [issue] = (error as { issues: { path: (string | number)[] }[] }).issues
    const place = issue?.path[0] === 'files' ? files[Number(issue.path[1])]?.path : undefined
    throw new Error(
      place === undefined
        ? `--name ${name}: a pack's name has small letters, digits and hyphens`
        : `${place} cannot travel: names in a pack have letters, digits, hyphens and single dots`,
    )
  }
  replaceFile(join(realpathSync(dirname(join(options.to))), options.to.split(/[\\/]/).at(-1)!), pack)
  return [
    `${options.to}: ${counted(files.filter(({ path }) => /ya?ml$/.test(path)).length, 'file')} of rules, signed by ${fingerprint(key)}`,
  ]
}

const recordsIn = (folder: string): Records => {
  const file = join(folder, RECORD)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Records) : {}
}

export interface UnpackOptions {
  readonly to?: string | undefined
  readonly trust: readonly string[]
  /** Only looks. */
  readonly check?: boolean
  /** Over what was changed here, and over a newer pack. */
  readonly force?: boolean
}
/** Everything is looked at before anything is written. */
export const unpack = (config: Config, file: string, options: UnpackOptions): readonly string[] => {
  const to = folderOf(config, options.to)
  const keys = options.trust.map((path) => readKey(textOf(path), path, 'public'))
  const { manifest, texts, key } = openPack(readBytes(file), file, keys)
  const { name, made, by } = manifest
  mkdirSync(to, { recursive: true })
  const real = realpathSync(to)
  const records = recordsIn(real)
  const last = records[name]
  if (last && last.made > made && !options.force)
    throw new Error(
      `${file} is older (${new Date(made).toISOString()}) than what was unpacked last (${new Date(last.made).toISOString()}): say --force to go back`,
    )
  const now = (path: string): string | undefined => {
    const target = join(real, path)
    // A link would lead somewhere else, whatever the pack says.
    for (let part = target; part !== real; part = dirname(part))
      if (lstatSync(part, { throwIfNoEntry: false })?.isSymbolicLink())
        throw new Error(`${part} is a link: nothing is unpacked through it`)
    return existsSync(target) ? readFileSync(target, 'utf8') : undefined
  }
  const changedHere = (path: string): boolean => {
    const is = now(path)
    return is !== undefined && is !== texts.get(path) && sha256(is) !== last?.files[path]
  }
  const gone = Object.keys(last?.files ?? {}).filter(
    (path) => isPath(path) && !texts.has(path) && now(path) !== undefined,
  )
  const kept = [...texts.keys(), ...gone].filter(changedHere)
  if (kept.length > 0 && !options.force)
    throw new Error(
      `${kept.slice(0, 5).join(', ')}${kept.length > 5 ? ` and ${kept.length - 5} more` : ''} of ${to} ${kept.length === 1 ? 'was' : 'were'} changed here: say --force to write over, or move away`,
    )
  const written = [...texts].filter(([path, text]) => now(path) !== text)
  const problems = tried(config, real, texts, gone)
  if (problems.length > 0)
    throw new Error(['the rules of the pack do not go with those here:', ...problems.slice(0, 10)].join('\n'))
  const said = `${name} of ${new Date(made).toISOString()} by ${by}, signed by ${fingerprint(key)}: ${counted(written.length, 'file')} new or changed, ${gone.length} gone, ${texts.size - written.length} as before`
  const versions = manifest.files.flatMap(({ path, version }) =>
    version && written.some(([each]) => each === path)
      ? [
          `  ${path}: version ${version.n} there${version.by ? `, by ${version.by}` : ''}${version.reason ? `: ${version.reason}` : ''}`,
        ]
      : [],
  )
  if (options.check) return [said, ...versions, 'nothing was written']
  for (const [path, text] of written) {
    mkdirSync(dirname(join(real, path)), { recursive: true })
    replaceFile(join(real, path), text)
  }
  for (const path of gone) rmSync(join(real, path), { force: true })
  const files = Object.fromEntries(manifest.files.map(({ path, sha256: hash }) => [path, hash]))
  replaceFile(join(real, RECORD), JSON.stringify({ ...records, [name]: { made, files } }, undefined, 1))
  return [said, ...versions, `${to} is written: vonglau reload takes it over`]
}

const readBytes = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): name a pack`)
  }
}

/** What would be wrong, in a folder as it would be. */
const tried = (
  config: Config,
  folder: string,
  texts: ReadonlyMap<string, string>,
  gone: readonly string[],
): readonly string[] => {
  const place = mkdtempSync(join(tmpdir(), 'vonglau-unpack-'))
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = relative(folder, join(entry.parentPath, entry.name))
      if (!entry.isFile() || !/\.ya?ml$/.test(path) || gone.includes(path.split(sep).join('/'))) continue
      mkdirSync(dirname(join(place, path)), { recursive: true })
      copyFileSync(join(folder, path), join(place, path))
    }
    for (const [path, text] of texts) {
      mkdirSync(dirname(join(place, path)), { recursive: true })
      writeFileSync(join(place, path), text)
    }
    return checkRules(place, LOGSOURCES, wordsOf(config)).map((problem) => problem.replaceAll(`${place}${sep}`, ''))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** Which version of which text the installation knows. */
export const versionsFrom = async (answers: AsyncIterable<Answer>): Promise<PackOptions['versionOf']> => {
  const known = new Map<string, PackedFile['version']>()
  for await (const answer of answers) {
    const { hash, ...version } = answer['version'] as { hash: string } & NonNullable<PackedFile['version']>
    known.set(hash, version)
  }
  return (text) => known.get(hashOfText(text))
}
