export type Theme = 'auto' | 'light' | 'dark'
const KEY = 'vonglau.theme'
const stored = localStorage.getItem(KEY)

export const theme = $state({ choice: (stored === 'light' || stored === 'dark' ? stored : 'auto') as Theme, turn: 0 })

const apply = () => {
  document.documentElement.dataset['theme'] = theme.choice
  theme.turn += 1 // charts hold resolved colours and draw again
}
export const startTheme = () => {
  apply()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply)
}
export const setTheme = (choice: Theme) => {
  theme.choice = choice
  localStorage.setItem(KEY, choice)
  apply()
}
export const nextTheme = () => setTheme(theme.choice === 'auto' ? 'light' : theme.choice === 'light' ? 'dark' : 'auto')
