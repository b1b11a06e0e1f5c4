// SPDX-License-Identifier: BSD-2-Clause
/* The auditing event of a command, for programs that watch over what Python does. */

/* Every Python has it since 3.8; the headers of the limited API do since 3.13. */
PyAPI_FUNC(int) PySys_Audit(const char *event, const char *format, ...);

/* Before a command is sent. False, with an exception, if a hook does not want it. */
static inline bool audit_command(const struct call *call, uint32_t command)
{
	return !PySys_Audit("pytee_client.invoke_command", "OI",
			    (PyObject *)call->session->destination, command);
}
