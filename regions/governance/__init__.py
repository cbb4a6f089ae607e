"""The one door for writes: commands, policy, audit, outbox."""
