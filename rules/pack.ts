/**
 * A pack of rules, for provinces without any network: one file that holds the texts, what each is a version of, and a signature
 * (Ed25519) over all of it. Whoever opens it names the keys that they trust; nothing of it is believed before that is right.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'

/** Bytes of a pack, and of what is in it. */
const LARGEST = 64 * 1024 * 1024
const MOST_FILES = 10_000

/** No way out of the folder, no hidden file, nothing but rules and their events. */
const path = z
  .string()
  .max(300)
  .regex(/^\w[\w-]*(?:[./]\w[\w-]*)*\.(?:ya?ml|events\.ndjson)$/)
const packed = z.strictObject({
  path,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of its text where it was packed, with who wrote it and why. */
  version: z
    .strictObject({ n: z.int(), at: z.int(), by: z.string().optional(), reason: z.string().optional() })
    .optional(),
})
const manifest = z.strictObject({
  format: z.literal(1),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/),
  /** Of two packs with the same name the later one is the newer. */
  made: z.int().positive(),
  by: z.string().max(200),
  files: z.array(packed).min(1).max(MOST_FILES),
})
const archive = z.strictObject({
  vonglau: z.literal('rules'),
  /** As it was signed, to the byte. */
  manifest: z.string(),
  signature: z.string(),
  files: z.record(z.string(), z.string()),
})
/** Whether a pack may hold a file that is called so. */
export const isPath = (name: string): boolean => path.safeParse(name).success
export type Manifest = z.output<typeof manifest>
export type PackedFile = z.output<typeof packed>

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** By which people compare keys: the beginning of the hash of the public one. */
export const fingerprint = (key: KeyObject): string =>
  createHash('sha256')
    .update((key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 32)
    .replace(/(.{4})(?=.)/g, '$1 ')

export const newKeys = (): { readonly private: string; readonly public: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    private: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    public: String(publicKey.export({ type: 'spki', format: 'pem' })),
  }
}
/** `file`: as it is called. */
export const readKey = (pem: string, file: string, kind: 'private' | 'public'): KeyObject => {
  let key: KeyObject | undefined
  try {
    key = kind === 'private' ? createPrivateKey(pem) : createPublicKey(pem)
  } catch {
    key = undefined
  }
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new Error(`${file} is no ${kind} key of Ed25519 (PEM): make one with vonglau rules pack --new-key`)
  return key
}

export const makePack = (
  about: Pick<Manifest, 'name' | 'made' | 'by'>,
  files: readonly { readonly path: string; readonly text: string; readonly version?: PackedFile['version'] }[],
  key: KeyObject,
): Buffer => {
  const said = manifest.parse({
    format: 1,
    ...about,
    files: files.map((file) => ({
      path: file.path,
      sha256: sha256(file.text),
      ...(file.version ? { version: file.version } : {}),
    })),
  })
  const text = JSON.stringify(said)
  return gzipSync(
    JSON.stringify({
      vonglau: 'rules',
      manifest: text,
      signature: sign(null, Buffer.from(text), key).toString('base64'),
      files: Object.fromEntries(files.map((file) => [file.path, file.text])),
    } satisfies z.input<typeof archive>),
  )
}

/** `file`: as it is called. Throws a sentence where it is not what one of these keys has signed. */
export const openPack = (
  bytes: Buffer,
  file: string,
  trusted: readonly KeyObject[],
): { readonly manifest: Manifest; readonly texts: ReadonlyMap<string, string>; readonly key: KeyObject } => {
  if (bytes.length > LARGEST) throw new Error(`${file} is larger than a pack may be (64 MB)`)
  let read: z.output<typeof archive>
  try {
    read = archive.parse(JSON.parse(gunzipSync(bytes, { maxOutputLength: LARGEST }).toString('utf8')))
  } catch {
    throw new Error(`${file} is no pack of rules, or a part of one: ask for it again`)
  }
  const signature = Buffer.from(read.signature, 'base64')
  const key = trusted.find((each) => verify(null, Buffer.from(read.manifest), each, signature))
  if (!key)
    throw new Error(
      `${file} is not signed by a key that you trust (${trusted.map(fingerprint).join('; ')}): ask who made it for their public key, by another way than this file came`,
    )
  let said: Manifest
  try {
    said = manifest.parse(JSON.parse(read.manifest))
  } catch {
    throw new Error(`${file} was made by a newer program: upgrade this one first`)
  }
  const texts = new Map<string, string>()
  for (const { path: name, sha256: hash } of said.files) {
    const text = Object.hasOwn(read.files, name) ? read.files[name] : undefined
    if (text === undefined || sha256(text) !== hash || texts.has(name))
      throw new Error(`${file}: ${name} is not what was signed: ask for the pack again`)
    texts.set(name, text)
  }
  return { manifest: said, texts, key }
}
