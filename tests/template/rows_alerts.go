package main

var alertRows = []row{}
