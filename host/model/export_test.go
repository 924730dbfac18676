package model

// Waiting is how many requests wait for their turn.
func (c *Client) Waiting() int {
	c.queue.mu.Lock()
	defer c.queue.mu.Unlock()
	return len(c.queue.waiting)
}
