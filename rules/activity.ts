/** Who did what when, on an alert or an incident. */
export interface Activity {
  readonly at: number
  readonly by: string // user name; 'system' for the program
  readonly what: 'created' | 'status' | 'assigned' | 'note' | 'level' | 'joined' | 'title' | 'reopened'
  readonly from?: string
  readonly to?: string
  readonly reason?: 'true_positive' | 'benign' | 'false_positive' | 'duplicate'
  readonly text?: string
}
