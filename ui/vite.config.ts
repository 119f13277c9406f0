import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [svelte()],
  // `manifest`: what each part of the script needs, which tests/ui/first-load.test.ts adds up.
  // The page is served with `font-src 'self'`: an inlined data: font would be refused.
  build: { outDir: 'dist', emptyOutDir: true, manifest: 'parts.json', assetsInlineLimit: 0, target: 'es2023' },
  server: { proxy: { '/api': 'http://127.0.0.1:8420' } },
})
