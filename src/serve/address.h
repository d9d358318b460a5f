/* Where the dashboard listens. */
#ifndef MFACE_SERVE_ADDRESS_H
#define MFACE_SERVE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct mface_address {
    struct sockaddr_storage socket;
    socklen_t socket_bytes;
    bool is_loopback;
};

enum { MFACE_DASHBOARD_PORT = 7878 };

/* Reads "ADDR:PORT", "[ADDR]:PORT", "ADDR" or ":PORT", ADDR being an IPv4 or IPv6 address or
 * "localhost" (127.0.0.1); what is left out is 127.0.0.1 and MFACE_DASHBOARD_PORT. */
bool mface_address_parse(const char *text, struct mface_address *address);

/* "127.0.0.1:7878", "[::1]:80". */
void mface_address_print(const struct mface_address *address, char *text, unsigned text_bytes);

int mface_address_port(const struct mface_address *address);
void mface_address_set_port(struct mface_address *address, int port);

#endif
