#!/usr/bin/env node
// Runs the program on the Node that package-lock.json pins, whatever `node` is on this machine, with more threads for
// files: four long queries would stall every read with the default of 4.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
const node = existsSync(pinned) ? pinned : process.execPath
const cli = fileURLToPath(new URL('cli.ts', import.meta.url))
// Lines are read as bytes, and few objects are made of them: a nursery of 16 MB a thread is enough. An import has a thread for
// each core: helpers of the garbage collector take more from it than they give (a twentieth).
const memory = ['--max-semi-space-size=16', ...(process.argv.includes('import') ? ['--single-threaded-gc'] : [])]
const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...memory, cli, ...process.argv.slice(2)], {
  // The program holds the other end of the last one, and stops when this process is gone, killed or not.
  stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  env: {
    ...process.env,
    VONGLAU_TETHER: '3',
    // Each thread would keep what it has freed for itself: a hundred megabytes of an import.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '2',
    UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16',
    // Compiled modules are kept: half of the start of a short command. Where it cannot be written, nothing is kept.
    NODE_COMPILE_CACHE:
      process.env.NODE_COMPILE_CACHE ?? fileURLToPath(new URL('../node_modules/.cache/vonglau', import.meta.url)),
  },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
