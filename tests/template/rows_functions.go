package main

var functionRows = []row{}
