/** Port numbers of protocols in which the server speaks first (FTP, SSH, SMTP, POP3, IMAP, submission, MySQL), ascending. */
export const wellKnownServerFirstPorts: readonly number[] = [21, 22, 25, 110, 143, 587, 3306];
