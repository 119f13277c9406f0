/**
 * Before the tests: the console is built, for the browser tests load it from the server as a person's browser does.
 * After them: the Elasticsearch that they shared is stopped.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { shareCluster } from './servers/cluster.ts'

export default (): (() => Promise<void>) => {
  build()
  return shareCluster()
}

const build = (): void => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const built = `${root}ui/dist/index.html`
  const newest = Math.max(
    ...globSync('ui/**/*.{ts,svelte,css,html}', { cwd: root, exclude: (name) => name === 'dist' }).map(
      (file) => statSync(`${root}${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0,
    ),
  )
  if (existsSync(built) && statSync(built).mtimeMs > newest) return
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}
