/** The commands of a section of a Markdown document, in their order: the lines of its code blocks. @throws Error when it has none */
export function commandsOf(markdown: string, section: string): readonly string[] {
  const lines = markdown.split('\n');
  const start = lines.indexOf(`## ${section}`);
  if (start < 0) throw new Error(`there is no section ${section}`);
  const end = lines.findIndex((line, i) => i > start && line.startsWith('## '));
  const commands: string[] = [];
  let isCode = false;
  for (const line of lines.slice(start + 1, end < 0 ? undefined : end)) {
    if (line.startsWith('```')) isCode = !isCode;
    else if (isCode && line.trim() !== '') commands.push(line);
  }
  if (commands.length === 0) throw new Error(`section ${section} has no commands`);
  return commands;
}
