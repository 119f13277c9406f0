/**
 * What the catalog's YAML says, kept beside the compiled modules (`api/vonglau.js`): to read it again was a quarter of a command's
 * start. A text is known by its hash; where the file is damaged, of another library, or cannot be written, the texts are read. Who
 * can write that folder can change what the program does, by this file as by the compiled modules: it is the program's own.
 */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire, getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { type Values, valuesOf } from './parse.ts'

const HASH_BYTES = 32
/** Another one with each change of what `valuesOf` answers: a file of before is not read. */
const FORMAT = 1
const hashOf = (what: string | Buffer): Buffer => createHash('sha256').update(what).digest()

export interface KeptValues {
  /** As `valuesOf`. */
  of(yaml: string, file: string): Values
  /** Writes what was asked for, if some of it was not there. */
  keep(): void
}

/** `folder`: undefined where nothing is kept. */
export const openKept = (folder: string | undefined = getCompileCacheDir()): KeptValues => {
  const { version } = createRequire(import.meta.url)('yaml/package.json') as { version: string }
  const path = folder === undefined ? undefined : join(folder, `catalog-${FORMAT}-${version}`)
  const read = (): ReadonlyMap<string, Values> => {
    try {
      const bytes = readFileSync(path!)
      const body = bytes.subarray(HASH_BYTES)
      return hashOf(body).equals(bytes.subarray(0, HASH_BYTES)) ? (deserialize(body) as Map<string, Values>) : new Map()
    } catch {
      return new Map()
    }
  }
  let before: ReadonlyMap<string, Values> | undefined
  const asked = new Map<string, Values>()
  let isNew = false
  return {
    of(yaml, file) {
      before ??= path === undefined ? new Map() : read()
      const key = hashOf(yaml).toString('base64')
      let values = asked.get(key) ?? before.get(key)
      if (!values) {
        values = valuesOf(yaml, file)
        isNew = true
      }
      asked.set(key, values)
      return values
    },
    keep() {
      if (!isNew || path === undefined) return
      isNew = false
      try {
        const body = serialize(asked)
        // Where others may write too, no link of theirs is followed.
        writeFileSync(`${path}.${process.pid}`, Buffer.concat([hashOf(body), body]), { flag: 'wx', mode: 0o600 })
        // Others read it meanwhile: whole, the one or the other.
        renameSync(`${path}.${process.pid}`, path)
      } catch {
        // It is only quicker with it.
      }
    },
  }
}
