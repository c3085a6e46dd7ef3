/** The configuration that `gait init` writes: every choice there is, explained, and none taken. Pure. */

/** @param profile of retention, put in force when it is given */
export function configText(profile: string | undefined): string {
  return `# gait: what holds for all sessions below this folder. A key that is not known is refused, by name and line.
# Check it with: gait doctor

retention:
  # What may be pruned, and when. Without a profile nothing ever is: see gait retention profiles.
  #   short      traces 24h, sessions 72h, runpacks 24h
  #   medium     traces 168h, sessions 336h, runpacks 168h
  #   long       traces 720h, sessions 1440h, runpacks 720h
  #   regulated  everything 7y; it can be made longer, never shorter
  ${profile === undefined ? 'profile: none' : `profile: ${profile}`}

  # Profiles of your own. Durations: 30m, 72h, 30d, 7y. Sizes: 512MiB, 10GB. No limit is spelled out: unlimited.
  # profiles:
  #   ours:
  #     extends: medium
  #     session: { max_age: 90d, keep_last: 10, min_age: 72h }
  #     export: { max_age: 30d, max_bytes: 10GB }
`;
}
