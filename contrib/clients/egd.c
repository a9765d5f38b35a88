/* cc -o egd egd.c; ./egd PATH N: N random bytes, 1 to 255, from an EGD socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	unsigned char ask[2] = { 2, 0 }, bytes[255]; /* 2: wait until there are as many */
	int n = argc == 3 ? atoi(argv[2]) : 0, s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (n < 1 || n > 255 || strlen(argv[1]) >= sizeof a.sun_path)
		return fprintf(stderr, "usage: egd PATH N\n"), 64;
	strcpy(a.sun_path, argv[1]);
	ask[1] = n;
	if (connect(s, (struct sockaddr *)&a, sizeof a) || write(s, ask, 2) != 2 || recv(s, bytes, n, MSG_WAITALL) != n)
		return perror(argv[1]), 69;
	return fwrite(bytes, 1, n, stdout) != (size_t)n || fflush(stdout);
}
