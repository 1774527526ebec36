// SPDX-License-Identifier: Apache-2.0
// How traffic is divided, as one bar.
export function Split({ parts }: { parts: { name: string; weight: number; color: number }[] }) {
  const total = parts.reduce((sum, part) => sum + Math.max(0, part.weight), 0) || 1;
  return (
    <span
      class="split"
      role="img"
      aria-label={parts.map((part) => `${part.name} ${part.weight} %`).join(", ")}
    >
      {parts
        .filter((part) => part.weight > 0)
        .map((part) => (
          <i
            key={part.name}
            class={`key s${part.color}`}
            style={{ width: `${(part.weight / total) * 100}%` }}
            title={`${part.name}: ${part.weight} %`}
          />
        ))}
    </span>
  );
}
